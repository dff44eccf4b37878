import { CopyButton } from "../ui/copy.tsx";
import { shortened } from "./quantities.ts";

/** An id, hash or address: its ends on screen, all of it on hover and in the clipboard. */
export function Hash({
  value,
  full = false,
  copy = true,
}: {
  readonly value: string;
  readonly full?: boolean;
  readonly copy?: boolean;
}) {
  return (
    <span className="inline-flex max-w-full items-center gap-0.5 align-middle font-mono text-sm">
      <span title={value} className={full ? "break-all" : "whitespace-nowrap"}>
        {full ? value : shortened(value)}
      </span>
      {copy ? <CopyButton text={value} className="-my-1" /> : null}
    </span>
  );
}

/** Colours of an address's mark, by hue; lightness is the theme's. */
function hues(address: string): readonly [number, number] {
  const a = Number.parseInt(address.slice(2, 6), 16);
  const b = Number.parseInt(address.slice(6, 10), 16);
  return [a % 360, b % 360];
}

/** An account: a mark that tells it from others at a glance, and the ends of its address. */
export function AddressView({
  address,
  full = false,
  copy = true,
}: {
  readonly address: string;
  readonly full?: boolean;
  readonly copy?: boolean;
}) {
  const [first, second] = hues(address);
  return (
    <span className="inline-flex max-w-full items-center gap-1.5 align-middle">
      <svg viewBox="0 0 2 2" className="size-3.5 shrink-0 rounded-xs" aria-hidden="true" data-mark>
        <path d="M0 0h2v2z" fill={`hsl(${first} 55% 55%)`} />
        <path d="M0 0v2h2z" fill={`hsl(${second} 55% 40%)`} />
      </svg>
      <Hash value={address} full={full} copy={copy} />
    </span>
  );
}
