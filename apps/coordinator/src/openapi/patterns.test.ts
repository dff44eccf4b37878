import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** Regular expressions that see what strangers send: none may take much longer than linear time on any input. */
const ROOT = join(import.meta.dirname, "../../../..");
const FOLDERS = ["packages/protocol/src", "apps/coordinator/src"];
/** Fields are cut by length beside their pattern, not before it: a whole body may reach one. */
const LENGTH = 100_000;
/** A linear pattern takes about a millisecond for that; a quadratic one many seconds. */
const MOST_MS = 1_000;

interface Pattern {
  readonly where: string;
  readonly regex: RegExp;
}

/** Regular expression literals of a source: after `(`, `,`, `=`, `[`, `?`, `:` or `return`, as in the language itself. */
function patternsOf(path: string, text: string): Pattern[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const literal = /(?:[(,=[?:]|return)\s*(\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/)([dgimsuvy]*)/g;
  return [...code.matchAll(literal)].flatMap(([, body = "", flags = ""]) => {
    const source = body.slice(1, -1);
    return { where: `${path} /${source}/${flags}`, regex: new RegExp(source, flags.replaceAll(/[gy]/g, "")) };
  });
}

function sources(): Pattern[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter(
        (file) =>
          file.endsWith(".ts") && !file.includes(".test.") && !file.includes("testing/") && !file.endsWith(".gen.ts"),
      )
      .flatMap((file) => patternsOf(`${folder}/${file}`, readFileSync(join(ROOT, folder, file), "utf8"))),
  );
}

type Attack = (length: number) => string;

const PUMPS = [
  "a",
  "A",
  "0",
  "9",
  " ",
  "_",
  "-",
  ".",
  "/",
  "~",
  "é",
  "a0",
  "a.",
  "a ",
  "0.",
  "a:",
  "x_",
  "corepool_live_",
];

/** Texts that make backtracking expensive: a beginning that fits, something repeated, an end that does not. */
function attacksOn({ regex }: Pattern): Attack[] {
  const beginnings = new Set(["", ...literalBeginnings(regex.source)]);
  try {
    const [text = ""] = fc.sample(fc.stringMatching(regex), { numRuns: 1, seed: 1 });
    beginnings.add(text.slice(0, Math.min(200, Math.ceil(text.length / 2))));
  } catch {
    // Not every pattern can be written by fast-check; the literal beginning must do.
  }
  return [...beginnings].flatMap((beginning) =>
    PUMPS.flatMap((pump) =>
      ["!", "\n"].map((end) => (length: number) => beginning + pump.repeat(Math.ceil(length / pump.length)) + end),
    ),
  );
}

const literalBeginnings = (source: string): string[] => {
  const literal = /^\^?((?:[\w:" =-]|\\\/)+)/.exec(source)?.[1]?.replaceAll("\\/", "/");
  return literal === undefined ? [] : [literal];
};

/** Lengths at which exponential, cubic and quadratic time show before they hang. */
const STEPS = [22, 400, 4_000, 20_000, LENGTH];

/** How long the slowest attack would take at full length (ms), were its time in proportion to the length. */
function slowestMs({ regex, ...rest }: Pattern): number {
  let slowest = 0;
  for (const attack of attacksOn({ regex, ...rest })) {
    for (const length of STEPS) {
      const text = attack(length);
      const scale = LENGTH / length;
      let took = timeOf(regex, text);
      // Somebody else's work may have come in between: the fastest of some tries counts.
      for (let i = 0; i < 3 && took * scale > MOST_MS && took < MOST_MS; i++)
        took = Math.min(took, timeOf(regex, text));
      slowest = Math.max(slowest, took * scale);
      if (slowest > MOST_MS) return slowest;
    }
  }
  return slowest;
}

function timeOf(regex: RegExp, text: string): number {
  const started = performance.now();
  regex.test(text);
  return performance.now() - started;
}

describe("regular expressions that strangers can reach", () => {
  const found = sources();

  it("are found in the sources", () => {
    expect(found.length).toBeGreaterThan(30);
    for (const known of ["0-9a-fA-F", "corepool_live_", "bytes=", "Bearer "])
      expect(
        found.some(({ where }) => where.includes(known)),
        known,
      ).toBe(true);
  });

  it("take no more than linear time", { timeout: 120_000 }, () => {
    const slow = found.filter((pattern) => slowestMs(pattern) > MOST_MS).map(({ where }) => where);
    expect(slow).toEqual([]);
  });

  it.each([/^(a+)+$/, /^\s+|\s+$/, /^(0|[1-9]\d*)*$/, /(x_?)*!/, /^([a-z0-9]+\.?)+@$/])(
    "that take more are found: %s",
    (regex) => {
      expect(slowestMs({ where: "planted", regex })).toBeGreaterThan(MOST_MS);
    },
  );
});
