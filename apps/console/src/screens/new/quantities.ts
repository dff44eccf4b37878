import { formatAmount, parseAmount, type Token } from "@corepool/core/money";

const SIZES: Readonly<Record<string, number>> = { "": 2 ** 30, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const TIMES: Readonly<Record<string, number>> = { "": 60, s: 1, m: 60, h: 3_600, d: 86_400 };

/** A size as typed, in bytes: "512 MiB", "1.5g"; a bare number counts GiB. Undefined for what is none. */
export function sizeOf(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)\s*([kmgtb]?)(?:i?b)?$/i.exec(text.trim());
  const unit = SIZES[match?.[2]?.toLowerCase() ?? "-"];
  if (match?.[1] === undefined || unit === undefined) return undefined;
  const bytes = Math.floor(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes so that `sizeOf` reads them back exactly. */
export function sizeText(bytes: number): string {
  for (const [unit, size] of [
    ["TiB", 2 ** 40],
    ["GiB", 2 ** 30],
    ["MiB", 2 ** 20],
    ["KiB", 2 ** 10],
  ] as const)
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`;
  return `${bytes} B`;
}

/** A duration as typed, in seconds: "90s", "1h 30m", "2d"; a bare number counts minutes. Undefined for what is none. */
export function secondsOf(text: string): number | undefined {
  const parts =
    text
      .trim()
      .toLowerCase()
      .match(/^(?:\d{1,7}\s*[smhd]?\s*)+$/) === null
      ? []
      : [...text.toLowerCase().matchAll(/(\d{1,7})\s*([smhd]?)/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (TIMES[unit ?? ""] ?? 0), 0);
}

/** Seconds so that `secondsOf` reads them back exactly. */
export function secondsText(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const shown = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`);
  return shown.length === 0 ? "0s" : shown.join(" ");
}

/** A highest price an hour as typed, in base units a second, rounded down: nobody pays more than he wrote. */
export function hourlyOf(text: string, token: Token): string | undefined {
  try {
    return String(parseAmount(text, token) / 3_600n);
  } catch {
    return undefined;
  }
}

/** Base units a second as a price an hour, exact as far as the token has digits. */
export function hourlyText(perSecond: string, token: Token): string {
  return formatAmount(BigInt(perSecond) * 3_600n, token);
}

/** Lines of NAME=value as an environment; undefined for a line that is no variable. */
export function variablesOf(text: string): Readonly<Record<string, string>> | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const pairs = lines.map(
    (line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1)] as const,
  );
  return lines.some((line) => !/^\s*[A-Za-z_][A-Za-z0-9_]*\s*=/.test(line)) ? undefined : Object.fromEntries(pairs);
}

/** An environment as lines. */
export function variablesText(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
}

/** Names as typed, split at commas and spaces. */
export function namesOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((name) => name !== "");
}
