import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FoundLine, type LogPiece, type LogPlace, type LogQuery, LogSearch } from "./log-search.ts";
import { shownText, textMatcher } from "./log-text.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const everything = (text: string): LogQuery => ({ text, ignoreCase: false });

/** Pieces one behind the other. */
function logOf(...parts: readonly (readonly ["stdout" | "stderr", string | Uint8Array])[]): LogPiece[] {
  let offset = 0;
  return parts.map(([stream, part]) => {
    const data = typeof part === "string" ? bytes(part) : part;
    offset += data.length;
    return { stream, offset: offset - data.length, data };
  });
}

/** One search over all, `most` lines at a time, each time by a new search from where the last one stopped. */
function searched(
  pieces: readonly LogPiece[],
  query: LogQuery,
  most = Number.POSITIVE_INFINITY,
  bounds?: ConstructorParameters<typeof LogSearch>[2],
): FoundLine[] {
  const found: FoundLine[] = [];
  let place: LogPlace | undefined;
  for (let calls = 0; calls < 10_000; calls++) {
    const search: LogSearch = new LogSearch(query, place, bounds);
    const lines = (function* () {
      for (const piece of pieces) if (piece.offset + piece.data.length > search.from) yield* search.take(piece);
      yield* search.end();
    })();
    let taken = 0;
    for (const line of lines) {
      found.push(line);
      if (++taken >= most) break;
    }
    if (taken < most) return found;
    place = search.place;
  }
  throw new Error("the search never ends");
}

/** Whole lines of each output, in the order of their first bytes. */
function linesOf(pieces: readonly LogPiece[]): FoundLine[] {
  const lines: { stream: LogPiece["stream"]; offset: number; raw: number[] }[] = [];
  const open: Partial<Record<LogPiece["stream"], (typeof lines)[number]>> = {};
  for (const { stream, offset, data } of pieces)
    for (const [index, byte] of data.entries()) {
      const line = open[stream] ?? { stream, offset: offset + index, raw: [] };
      if (open[stream] === undefined) lines.push(line);
      open[stream] = line;
      if (byte === 10) delete open[stream];
      else line.raw.push(byte);
    }
  return lines.map(({ stream, offset, raw }, index) => ({
    stream,
    offset,
    number: index + 1,
    text: shownText(new TextDecoder().decode(Uint8Array.from(raw))),
  }));
}

const piecesOf = (alphabet: string) =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom("stdout", "stderr"),
        fc
          .array(fc.constantFrom(...Array.from(alphabet)), { minLength: 1, maxLength: 12 })
          .map((each) => each.join("")),
      ),
      { maxLength: 30 },
    )
    .map((parts) => logOf(...(parts as [LogPiece["stream"], string][])));

const key = ({ stream, offset, number, text }: FoundLine): string => `${number} ${stream} ${offset} ${text}`;

describe("a search in a log", () => {
  it("finds the lines that hold a text, with their numbers and places, Korean across cut characters too", () => {
    const text = bytes("학습 시작\nloss 0.5\n학습 끝\n");
    const pieces = logOf(["stdout", text.subarray(0, 4)], ["stderr", "학습 warning\n"], ["stdout", text.subarray(4)]);
    expect(searched(pieces, everything("학습"))).toEqual([
      { stream: "stderr", offset: 4, number: 2, text: "학습 warning" },
      { stream: "stdout", offset: 0, number: 1, text: "학습 시작" },
      { stream: "stdout", offset: 38, number: 4, text: "학습 끝" },
    ]);
    expect(searched(pieces, { ...everything("학습"), stream: "stderr" }).map(({ number }) => number)).toEqual([2]);
  });

  it("takes a text as it stands, and its case or not as asked", () => {
    const pieces = logOf(["stdout", "a.c [1]\nabc\nA.C\n"]);
    expect(searched(pieces, everything("a.c")).map(({ number }) => number)).toEqual([1]);
    expect(searched(pieces, everything("[1]")).map(({ number }) => number)).toEqual([1]);
    expect(searched(pieces, { text: "a.c", ignoreCase: true }).map(({ number }) => number)).toEqual([1, 3]);
    expect(textMatcher("각", false)("각".normalize("NFD"))).toBe(true);
    expect(textMatcher("ÉTÉ", true)("été")).toBe(true);
    expect(textMatcher("ÉTÉ", false)("été")).toBe(false);
  });

  it("looks at what a terminal shows, and at a last line without an end", () => {
    const pieces = logOf(["stdout", "\u001b[31mErr\u001b[0mor\n10%\r20%\rdone\nlast error"]);
    expect(searched(pieces, everything("Error")).map(({ text }) => text)).toEqual(["Error"]);
    expect(searched(pieces, everything("10%"))).toEqual([]);
    expect(searched(pieces, everything("last")).map(({ number }) => number)).toEqual([3]);
  });

  it("finds what a look at whole lines finds, wherever it stops and goes on", () => {
    fc.assert(
      fc.property(
        piecesOf("ab한\n"),
        fc.constantFrom("a", "b한", "ab", "한a"),
        fc.integer({ min: 1, max: 4 }),
        (pieces, text, most) => {
          const found = searched(pieces, everything(text), most);
          const expected = linesOf(pieces).filter((line) => line.text.includes(text));
          expect(found.map(key).sort()).toEqual(expected.map(key).sort());
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is the same wherever it stops, and loses nothing, when its bounds cut lines", () => {
    const bounds = { lineBytes: 24, overlapBytes: 14, openBytes: 60, openPieces: 6 };
    fc.assert(
      fc.property(piecesOf("aaabb한\n"), fc.integer({ min: 1, max: 3 }), (pieces, most) => {
        const whole = searched(pieces, everything("ab"), undefined, bounds);
        expect(searched(pieces, everything("ab"), most, bounds)).toEqual(whole);
        const numbers = new Set(whole.map(({ number }) => number));
        // What one output wrote in one go is found, however long its line is.
        const lines = linesOf(pieces);
        for (const { stream, offset, data } of pieces) {
          const at = new TextDecoder("latin1").decode(data).indexOf("ab");
          const line = lines.findLast((each) => each.stream === stream && each.offset <= offset + at);
          if (at >= 0) expect(numbers).toContain(line?.number);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("needs no more of the log behind its place than its bounds say", () => {
    const bounds = { lineBytes: 1_000, overlapBytes: 14, openBytes: 50, openPieces: 5 };
    const pieces = logOf(["stderr", "half of a line"], ...Array.from({ length: 40 }, () => ["stdout", "x\n"] as const));
    const search = new LogSearch(everything("half"), undefined, bounds);
    const found = pieces.flatMap((piece) => [...search.take(piece)]);
    expect(found).toEqual([{ stream: "stderr", offset: 0, number: 1, text: "half of a line" }]);
    expect(search.place.at - new LogSearch(everything("half"), search.place, bounds).from).toBeLessThanOrEqual(50);
    expect([...search.end()]).toEqual([]);
  });

  it("joins nothing across bytes that are kept nowhere", () => {
    const pieces = [...logOf(["stdout", "gone"]), { stream: "stdout", offset: 100, data: bytes("here\n") } as const];
    expect(searched(pieces, everything("e")).map(({ number, text }) => [number, text])).toEqual([
      [1, "gone"],
      [2, "here"],
    ]);
  });
});
