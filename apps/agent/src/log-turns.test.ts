import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogTurns, type Turn } from "./log-turns.ts";
import { ManualClock } from "./test/manual-clock.ts";

/** Jobs that always have another message of so many bytes. */
function floods(sizes: readonly number[]) {
  const clock = new ManualClock();
  const turns = new LogTurns(clock);
  const sent: { readonly job: number; readonly turn: Turn; readonly bytes: number }[] = [];
  const under = new Set<(typeof sent)[number]>();
  for (const [job, bytes] of sizes.entries()) {
    const ask = () =>
      turns.ask((turn) => {
        const message = { job, turn, bytes };
        sent.push(message);
        under.add(message);
        ask();
        return bytes;
      });
    ask();
  }
  const answer = (message: (typeof sent)[number]) => {
    under.delete(message);
    message.turn.giveBack();
  };
  return { clock, turns, sent, under, answer };
}

describe("turns of logs", () => {
  it("go round, whoever has most to say, with 64 messages and about 256 KiB under way", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 65_536 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(63), { minLength: 30, maxLength: 60 }),
        (sizes, answers) => {
          const { sent, under, answer } = floods(sizes);
          // The first had the line for itself before the others came.
          const begun = sent.length;
          for (const which of answers) {
            expect(under.size).toBeLessThanOrEqual(64);
            expect(under.size).toBeGreaterThan(0);
            expect([...under].reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(256 * 1024 + 65_536);
            const message = [...under][which % under.size];
            if (message !== undefined) answer(message);
          }
          expect(sent.length).toBeGreaterThanOrEqual(answers.length);
          const round = sent.slice(begun).map(({ job }) => job);
          expect(round).toEqual(round.map((_, place) => place % sizes.length));
        },
      ),
    );
  });

  it("do not wait for an answer that never comes", async () => {
    const { clock, sent } = floods([1, 1]);
    expect(sent.length).toBe(64);
    await clock.advance(1_900);
    expect(sent.length).toBe(64);
    await clock.advance(200);
    expect(sent.length).toBe(128);
  });

  it("pass over who has nothing to send any more, and are given back once", async () => {
    const clock = new ManualClock();
    const turns = new LogTurns(clock);
    for (let i = 0; i < 20; i++) turns.ask(() => 0);
    const mine: Turn[] = [];
    for (let i = 0; i < 65; i++) turns.ask((turn) => mine.push(turn));
    expect(mine.length).toBe(64);
    mine[0]?.giveBack();
    mine[0]?.giveBack();
    expect(mine.length).toBe(65);
    turns.ask((turn) => mine.push(turn));
    expect(mine.length).toBe(65);
    mine[1]?.giveBack();
    expect(mine.length).toBe(66);
    await clock.advance(10_000);
    expect(clock.pending).toEqual([]);
  });
});
