/** A part of a blob: bytes [start, end). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const ONE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/**
 * What a Range header asks of `size` bytes (RFC 9110): undefined to send everything (no header, other units, several
 * ranges: all of which a server may ignore), `unsatisfiable` for 416.
 */
export function rangeOf(header: string | null, size: number): ByteRange | "unsatisfiable" | undefined {
  const match = header === null ? null : ONE_RANGE.exec(header.trim());
  if (match === null) return undefined;
  const [, from = "", to = ""] = match;
  if (from === "" && to === "") return undefined;
  if (from === "") {
    const last = Number(to);
    return last === 0 || size === 0 ? "unsatisfiable" : { start: Math.max(0, size - last), end: size };
  }
  const start = Number(from);
  if (to !== "" && Number(to) < start) return undefined;
  if (start >= size) return "unsatisfiable";
  return { start, end: to === "" ? size : Math.min(Number(to) + 1, size) };
}
