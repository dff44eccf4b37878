/** A command as typed in one line, split as a POSIX shell splits it. No variables, no pipes: a job has no shell of its own. */
export interface Typed {
  readonly words: readonly string[];
  /** A quotation mark that is never closed. */
  readonly open: boolean;
}

/** Splits a line into words: quotation marks and backslashes hold a word together. */
export function wordsOf(line: string): Typed {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const char = line[at] as string;
    if (quote === "'" ? char !== "'" : quote === '"' && char !== '"' && char !== "\\") {
      word = (word ?? "") + char;
    } else if (char === "\\") {
      const next = line[at + 1];
      // Within double quotation marks only these lose their backslash.
      const literal = quote === '"' && next !== undefined && !'"\\$`'.includes(next);
      word = (word ?? "") + (literal ? char : (next ?? char));
      if (!literal) at++;
    } else if (char === quote) {
      quote = "";
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (word !== undefined) words.push(word);
  return { words, open: quote !== "" };
}
