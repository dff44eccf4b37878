import { CorepoolError } from "@corepool/core/errors";
import { parseAmount, type Token } from "@corepool/core/money";

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const TIME_UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function wrong(what: string, text: string, flag: string, example: string): never {
  throw new CorepoolError("bad-usage", {
    detail: `${flag} "${text}" is not ${what}.`,
    next: `Write it like ${flag} ${example}.`,
  });
}

/** "512MiB" as bytes. `flag`: what it was given as, for the refusal. */
export function parseSize(text: string, flag: string): number {
  const match = /^(\d{1,9})(?:\.(\d{1,3}))?\s*([KMGT]i?B|B)$/.exec(text);
  const unit = SIZE_UNITS[match?.[3] ?? ""];
  if (match?.[1] === undefined || unit === undefined) wrong("a size", text, flag, "512MiB or 2GiB");
  const bytes = Math.floor(Number(`${match[1]}.${match[2] ?? "0"}`) * unit);
  return Number.isSafeInteger(bytes) ? bytes : wrong("a size that exists", text, flag, "512MiB or 2GiB");
}

/** "10m" as seconds. */
export function parseDuration(text: string, flag: string): number {
  const match = /^(\d{1,7})\s*([smhd])$/.exec(text);
  const unit = TIME_UNITS[match?.[2] ?? ""];
  if (match?.[1] === undefined || unit === undefined) wrong("a duration", text, flag, "90s, 10m or 2h");
  return Number(match[1]) * unit;
}

/** A whole number of at least one. */
export function parseCount(text: string, flag: string): number {
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : wrong("a whole number above zero", text, flag, "2");
}

/** "1.5/h" or "0.0004/s" as base units per second, rounded down. */
export function parseRate(text: string, token: Token, flag: string): bigint {
  const match = /^([\d.]+)\/([sh])$/.exec(text);
  if (match?.[1] === undefined) wrong("a rate", text, flag, "1.5/h or 0.0004/s");
  const amount = parseMoney(match[1], token, flag);
  return match[2] === "h" ? amount / 3600n : amount;
}

/** "1.5" as base units. Rejects with `bad-amount`, which names the flag. */
export function parseMoney(text: string, token: Token, flag: string): bigint {
  try {
    return parseAmount(text, token);
  } catch (error) {
    if (!(error instanceof CorepoolError)) throw error;
    const next = error.next === undefined ? {} : { next: error.next };
    throw new CorepoolError(error.code, { detail: `${flag} ${error.message}`, ...next, cause: error });
  }
}

/** Seconds as --time takes them: 90 is "90s", 600 is "10m". */
export function formatDuration(seconds: number): string {
  const unit = (["d", "h", "m"] as const).find((each) => seconds > 0 && seconds % (TIME_UNITS[each] ?? 1) === 0) ?? "s";
  return `${seconds / (TIME_UNITS[unit] ?? 1)}${unit}`;
}

/** Milliseconds as people read them: "7.4 s", "3 min 10 s". */
export function formatMs(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 3600
    ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
    : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
