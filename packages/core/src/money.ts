import { CorepoolError } from "./errors.ts";

/** A listed token as people see it. `decimals`: how many digits of its base units stand behind the point. */
export interface Token {
  readonly symbol: string;
  readonly decimals: number;
}

const DECIMAL = /^(\d{1,40})(?:\.(\d{1,40}))?$/;

/** Parses a decimal amount ("1.5") into base units. Rejects with `bad-amount` for signs, exponents or lost digits. */
export function parseAmount(text: string, token: Token): bigint {
  const match = DECIMAL.exec(text.trim());
  const fraction = match?.[2] ?? "";
  if (match?.[1] === undefined || fraction.replace(/0+$/, "").length > token.decimals) {
    throw new CorepoolError("bad-amount", {
      detail: `"${text}" is not an amount of ${token.symbol}.`,
      next: `Write a plain decimal number with at most ${token.decimals} digits behind the point.`,
    });
  }
  const digits = fraction.slice(0, token.decimals).padEnd(token.decimals, "0");
  return BigInt(match[1]) * 10n ** BigInt(token.decimals) + BigInt(digits === "" ? "0" : digits);
}

/** Formats base units as a decimal amount without loss and without trailing zeros: 1500000 with 6 decimals is "1.5". */
export function formatAmount(base: bigint, token: Token): string {
  const sign = base < 0n ? "-" : "";
  const digits = (base < 0n ? -base : base).toString().padStart(token.decimals + 1, "0");
  const whole = digits.slice(0, digits.length - token.decimals);
  const fraction = digits.slice(digits.length - token.decimals).replace(/0+$/, "");
  return fraction === "" ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** Digits that people read of a price. */
const SHOWN_DIGITS = 6;

/**
 * A price for people: at most six digits that count. Rounded up, so that whoever allows what he reads allows enough.
 * Not for computing with.
 */
export function formatPrice(base: bigint, token: Token): string {
  const exact = base.toString();
  // Whole tokens are told to the hundredth, however many they are.
  const most = BigInt(Math.max(0, Math.min(exact.length - SHOWN_DIGITS, token.decimals - 2)));
  const step = 10n ** most;
  return formatAmount(((base + step - 1n) / step) * step, token);
}

/** Base units per second as people compare prices: "0.0312 GP/h". */
export function formatRate(rate: bigint, token: Token): string {
  return `${formatPrice(rate * 3600n, token)} ${token.symbol}/h`;
}

/** floor(amount × bps / 10,000): how every fee and share is taken, so that dust stays with the payer. */
export function basisPoints(amount: bigint, bps: bigint): bigint {
  return (amount * bps) / 10_000n;
}
