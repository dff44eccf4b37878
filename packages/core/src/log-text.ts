const ESC = String.fromCharCode(27);
const BELL = String.fromCharCode(7);
/** Escape sequences of terminals (ECMA-48): colours and the like, titles, and the rest. */
const ESCAPES = new RegExp(
  `${ESC}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${BELL}${ESC}]*(?:${BELL}|${ESC}\\\\)?|[@-Z\\\\-_])`,
  "g",
);

/** What a terminal would show of a line: without colours, and after a carriage return only what overwrote the rest. */
export function shownText(raw: string): string {
  const plain = raw.includes(ESC) ? raw.replaceAll(ESCAPES, "") : raw;
  if (!plain.includes("\r")) return plain;
  const kept = plain.replace(/\r+$/, "");
  return kept.slice(kept.lastIndexOf("\r") + 1);
}

/**
 * Whether a shown line holds `text`, as it stands: never a pattern. Letters and their marks are compared however they are
 * composed (Unicode NFC), so that Korean from a file name of macOS is found too.
 */
export function textMatcher(text: string, ignoreCase: boolean): (line: string) => boolean {
  const folded = (each: string): string => (ignoreCase ? each.normalize().toLowerCase() : each.normalize());
  const wanted = folded(text);
  return (line) => folded(line).includes(wanted);
}
