import { stripVTControlCharacters } from "node:util";

/** Where a command's words go. In JSON mode only `data` and `event` reach stdout; people's lines are dropped. */
export interface Output {
  readonly json: boolean;
  readonly interactive: boolean;
  /** One line for people. */
  readonly line: (text?: string) => void;
  /** A word beside the result: on stderr, so that what a pipe reads is the result alone. None in JSON mode. */
  readonly hint: (text: string) => void;
  /** The result of a command: one JSON document in JSON mode. */
  readonly data: (value: unknown) => void;
  /** One step of a long command: one JSON line in JSON mode. */
  readonly event: (type: string, value: Readonly<Record<string, unknown>>) => void;
  /** Raw text of a workload's log, above the status line. */
  readonly raw: (text: string) => void;
  /** Replaces the status line; undefined removes it. Shown on a terminal only. */
  readonly status: (text: string | undefined) => void;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** Text without control sequences; line ends and tabs stay. */
function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/(?![\n\t])\p{Cc}/gu, "");
}

/** Base units as strings: JSON knows no bigint. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? v.toString() : v));
}

export interface OutputOptions {
  readonly json: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** An output on a stream. Colours and the status line only on a terminal, and no colours with NO_COLOR. */
export function createOutput(options: OutputOptions): Output {
  const { json, stdout, stderr, env } = options;
  const interactive = !json && stdout.isTTY === true && env.TERM !== "dumb" && env.CI === undefined;
  const colours = interactive && (env.NO_COLOR === undefined || env.NO_COLOR === "");
  const paint = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  let status: string | undefined;
  const hide = (): void => {
    if (status !== undefined) stdout.write("\r\u001b[2K");
  };
  const show = (): void => {
    if (status === undefined) return;
    const width = (stdout.columns ?? 80) - 1;
    const plain = stripVTControlCharacters(status);
    stdout.write(plain.length > width ? plain.slice(0, width) : status);
  };
  const write = (text: string): void => {
    hide();
    stdout.write(text);
    show();
  };
  return {
    json,
    interactive,
    line: (text = "") => {
      if (!json) write(`${text}\n`);
    },
    hint: (text) => {
      if (json) return;
      hide();
      stderr.write(`${paint(2)(text)}\n`);
      show();
    },
    data: (value) => {
      if (json) stdout.write(`${toJson(value)}\n`);
    },
    event: (type, value) => {
      if (json) stdout.write(`${toJson({ type, ...value })}\n`);
    },
    raw: (text) => {
      if (json || text === "") return;
      // On a terminal a workload must not move the cursor or change the title: its control characters are dropped.
      const shown = interactive ? printable(text) : text;
      write(shown.endsWith("\n") || !interactive ? shown : `${shown}\n`);
    },
    status: (text) => {
      if (!interactive) return;
      hide();
      status = text;
      show();
    },
    dim: paint(2),
    bold: paint(1),
    good: paint(32),
    bad: paint(31),
  };
}

/** Rows as aligned columns; the last column is not padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, stripVTControlCharacters(cell).length);
    });
  return rows.map((row) =>
    row
      .map((cell, i) =>
        i === row.length - 1 ? cell : cell + " ".repeat((widths[i] ?? 0) - stripVTControlCharacters(cell).length),
      )
      .join("  ")
      .trimEnd(),
  );
}
