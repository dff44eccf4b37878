/** Something that the palette can do. */
export interface Command {
  readonly id: string;
  readonly text: string;
  readonly hint: string;
  /** Further words by which it is found. */
  readonly also: string;
  readonly run: () => void;
}

/** How well a command fits: lower is better, undefined not at all. Every word must occur, in any order. */
function fit(command: Command, words: readonly string[]): number | undefined {
  const text = command.text.toLowerCase();
  const all = `${text} ${command.also.toLowerCase()}`;
  let worst = 0;
  for (const word of words) {
    if (!all.includes(word)) return undefined;
    worst = Math.max(worst, text.startsWith(word) ? 0 : text.includes(` ${word}`) ? 1 : text.includes(word) ? 2 : 3);
  }
  return worst;
}

/** The commands that a text finds, the best first; all of them for no text. */
export function found(commands: readonly Command[], text: string): readonly Command[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return commands
    .map((command, index) => ({ command, index, score: fit(command, words) }))
    .filter((each): each is { command: Command; index: number; score: number } => each.score !== undefined)
    .sort((a, b) => a.score - b.score || a.index - b.index)
    .map(({ command }) => command);
}
