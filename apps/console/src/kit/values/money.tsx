import { formatAmount, formatPrice, type Token } from "@corepool/core/money";

/** Groups the whole part of a decimal number by thin spaces, which no language reads as a point: 12345.6 is "12 345.6". */
export function grouped(decimal: string): string {
  const [whole = "", fraction] = decimal.split(".");
  const digits = whole.replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009");
  return fraction === undefined ? digits : `${digits}.${fraction}`;
}

/** Seconds that a price may be told for. */
export const PER = { second: 1n, hour: 3_600n, day: 86_400n, month: 2_592_000n } as const;

/**
 * An amount of base units with its unit, rounded up to what people read; the exact amount on hover.
 * @param base base units, as a bigint or the API's decimal string
 */
export function Money({
  base,
  token,
  exact = false,
}: {
  readonly base: bigint | string;
  readonly token: Token;
  readonly exact?: boolean;
}) {
  const units = BigInt(base);
  const whole = formatAmount(units, token);
  const shown = exact || units < 0n ? whole : formatPrice(units, token);
  return (
    <span className="font-mono whitespace-nowrap tabular-nums" title={`${whole} ${token.symbol}`}>
      {grouped(shown)}
      <span className="ml-1 text-muted">{token.symbol}</span>
    </span>
  );
}

/** A rate of base units per second, told per hour unless another period is asked for; the exact rate on hover. */
export function Rate({
  perSecond,
  token,
  per = "hour",
  unit = true,
}: {
  readonly perSecond: bigint | string;
  readonly token: Token;
  readonly per?: keyof typeof PER;
  readonly unit?: boolean;
}) {
  const rate = BigInt(perSecond);
  return (
    <span className="font-mono whitespace-nowrap tabular-nums" title={`${formatAmount(rate, token)} ${token.symbol}/s`}>
      {grouped(formatPrice(rate * PER[per], token))}
      {unit ? <span className="ml-1 text-muted">{`${token.symbol}/${UNIT[per]}`}</span> : null}
    </span>
  );
}

/** Unit symbols, the same in every language (ISO 80000-3); a month of thirty days has none, so it is written out. */
const UNIT = { second: "s", hour: "h", day: "d", month: "30 d" } as const;
