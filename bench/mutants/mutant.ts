/** One small change to one source file, which a good test suite notices. */
export interface Mutant {
  /** Path below the repository's root. */
  readonly file: string;
  /** What names it in the list of survivors: file, function, operator and the code before and after; no line numbers. */
  readonly key: string;
  readonly line: number;
  /** The part of the file that is replaced, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A change that a language's operators propose. */
export interface Change {
  readonly operator: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The code that is shown in the key: the expression or statement around the change. */
  readonly shown: readonly [start: number, end: number];
  /** The function around it. */
  readonly scope: string;
}

const SHOWN = 90;

/** Names the changes of a file. Equal changes in one function are numbered in the order of the text. */
export function mutantsOf(file: string, source: string, changes: readonly Change[]): Mutant[] {
  const seen = new Map<string, number>();
  return [...changes]
    .sort((a, b) => a.start - b.start || a.end - b.end)
    .map(({ operator, start, end, text, shown, scope }) => {
      const before = oneLine(source.slice(...shown));
      const after = oneLine(source.slice(shown[0], start) + text + source.slice(end, shown[1]));
      const name = `${file} ${scope} ${operator}: ${before} => ${after}`;
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      const line = source.slice(0, start).split("\n").length;
      return { file, key: count === 1 ? name : `${name} #${count}`, line, start, end, text };
    });
}

/** The file with the change in it. */
export function mutate(source: string, mutant: Mutant): string {
  return source.slice(0, mutant.start) + mutant.text + source.slice(mutant.end);
}

function oneLine(code: string): string {
  const line = code.replaceAll(/\s+/g, " ").trim();
  return line.length <= SHOWN ? line : `${line.slice(0, SHOWN - 25)} … ${line.slice(-22)}`;
}
