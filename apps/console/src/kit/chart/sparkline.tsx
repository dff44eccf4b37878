/** The points of a line through values, in a box of `width` × `height`; a flat line lies in the middle. */
export function linePath(values: readonly number[], width: number, height: number): string {
  if (values.length === 0) return "";
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  const y = (value: number) => (span === 0 ? height / 2 : height - 1 - ((value - low) / span) * (height - 2));
  const step = values.length === 1 ? 0 : width / (values.length - 1);
  return values
    .map((value, index) => `${index === 0 ? "M" : "L"}${(index * step).toFixed(2)} ${y(value).toFixed(2)}`)
    .join("");
}

/** A line without axes, 64×16, beside the figure that it leads to. `label` says it in words. */
export function Sparkline({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  return (
    <svg viewBox="0 0 64 16" className="inline-block h-4 w-16 align-middle" role="img" aria-label={label}>
      <path d={linePath(values, 64, 16)} className="fill-none stroke-muted" strokeWidth="1.25" strokeLinejoin="round" />
    </svg>
  );
}

/** A share of a whole, as a bar four pixels high. `label` says it in words. */
export function Bar({
  share,
  label,
  tone = "muted",
}: {
  readonly share: number;
  readonly label: string;
  readonly tone?: "muted" | "accent" | "warn" | "bad";
}) {
  const fill = { muted: "bg-muted", accent: "bg-accent", warn: "bg-warn", bad: "bg-bad" }[tone];
  const percent = Math.max(0, Math.min(1, share)) * 100;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <meter> takes neither the height nor the colours of the theme
    <span
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent)}
      className="block h-1 w-full overflow-hidden rounded-full bg-line"
      data-mark
    >
      <span className={`block h-full ${fill}`} style={{ width: `${percent}%` }} />
    </span>
  );
}
