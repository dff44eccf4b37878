import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AnswerTime,
  answerGapMs,
  countAnswer,
  finalServedMs,
  NOTHING_SERVED,
  noteCap,
  paymentOverdue,
  priceOf,
  probeAnswered,
} from "./payment.ts";

const lease = { rate: 7n, escrow: 700n, start: 1_000, end: 1_100, graceSeconds: 10 };

describe("the cap of a note", () => {
  it("follows the clock, runs one grace ahead, and stops at the escrow", () => {
    expect(noteCap(lease, 900)).toBe(70n);
    expect(noteCap(lease, 1_000)).toBe(70n);
    expect(noteCap(lease, 1_020.9)).toBe(210n);
    expect(noteCap(lease, 1_095)).toBe(700n);
    expect(noteCap(lease, 9_999)).toBe(700n);
  });

  it("never falls as time passes and never exceeds the escrow", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 500 }), (at, later) => {
        expect(noteCap(lease, at + later) >= noteCap(lease, at)).toBe(true);
        expect(noteCap(lease, at) <= lease.escrow).toBe(true);
      }),
    );
  });
});

describe("what a watch counts as served", () => {
  const graceMs = 10_000;
  const answers = fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 40 });

  it("never more than the time that passed, and never more than a grace for any gap", () => {
    fc.assert(
      fc.property(answers, (gaps) => {
        let at = 0;
        let served = NOTHING_SERVED;
        let bound = 0;
        for (const [i, gap] of gaps.entries()) {
          at += gap;
          served = probeAnswered(served, at, graceMs, false);
          if (i > 0) bound += Math.min(gap, graceMs);
        }
        expect(served.provenMs).toBe(bound);
        expect(served.provenMs).toBeLessThanOrEqual(at);
      }),
    );
  });

  it("does not fall when the clock gives the same or an older reading", () => {
    const once = probeAnswered(probeAnswered(NOTHING_SERVED, 5_000, graceMs, false), 9_000, graceMs, false);
    expect(probeAnswered(once, 9_000, graceMs, false)).toEqual(once);
    expect(probeAnswered(once, 8_000, graceMs, false)).toEqual(once);
  });

  it("keeps what it had proven when it goes on after a restart", () => {
    const saved = { ...NOTHING_SERVED, provenMs: 42_000 };
    const first = probeAnswered(saved, 7, graceMs, false);
    expect(first.provenMs).toBe(42_000);
    expect(probeAnswered(first, 1_007, graceMs, false).provenMs).toBe(43_000);
  });

  /** An agent by the rule: it serves, freezes what is a grace unpaid, and thaws when more is paid. */
  const agentAndWatch = fc.array(
    fc.record({
      gap: fc.integer({ min: 1, max: 60_000 }),
      /** The note that follows the answer is lost, or the agent takes so long to thaw. */
      noteLost: fc.boolean(),
      thawsAfter: fc.integer({ min: 0, max: 60_000 }),
    }),
    { maxLength: 40 },
  );

  it("counts an honest agent's freezes, of any length, at most one grace beyond what it served", () => {
    fc.assert(
      fc.property(agentAndWatch, (steps) => {
        let watch = NOTHING_SERVED;
        let [at, ran, covered, frozen, freezes, thawIn] = [0, 0, 0, false, 0, 0];
        for (const { gap, noteLost, thawsAfter } of steps) {
          at += gap;
          let left = gap;
          if (frozen && covered > ran - graceMs) {
            const held = Math.min(left, thawIn);
            left -= held;
            thawIn -= held;
            if (thawIn === 0) frozen = false;
          }
          if (!frozen) {
            const runs = Math.min(left, covered + graceMs - ran);
            ran += runs;
            if (runs < left) {
              frozen = true;
              freezes++;
              thawIn = thawsAfter;
            }
          }
          watch = probeAnswered(watch, at, graceMs, frozen);
          if (!noteLost) covered = Math.max(covered, watch.provenMs);
          // One grace to each freeze, and one to each thaw that lags behind its note.
          expect(watch.provenMs).toBeLessThanOrEqual(ran + 2 * graceMs * freezes);
        }
      }),
    );
  });

  it("never counts answers that say frozen, in any mixture, more than answers that do not, nor a freeze above a grace", () => {
    const said = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 30_000 }), frozen: fc.boolean() }));
    fc.assert(
      fc.property(said, (answers) => {
        let [honest, running, at, sinceRunning] = [NOTHING_SERVED, NOTHING_SERVED, 0, 0];
        for (const { gap, frozen } of answers) {
          at += gap;
          const before = honest.provenMs;
          honest = probeAnswered(honest, at, graceMs, frozen);
          running = probeAnswered(running, at, graceMs, false);
          sinceRunning = frozen ? sinceRunning + honest.provenMs - before : 0;
          expect(sinceRunning).toBeLessThanOrEqual(graceMs);
          expect(honest.provenMs).toBeLessThanOrEqual(running.provenMs);
        }
      }),
    );
  });

  it("lets a frozen workload be paid out of its freeze: the first frozen answers add something", () => {
    const resumed = probeAnswered({ ...NOTHING_SERVED, provenMs: 5_000 }, 0, graceMs, true);
    expect(resumed.provenMs).toBe(5_000);
    const next = probeAnswered(resumed, 3_000, graceMs, true);
    expect(next.provenMs).toBe(8_000);
    const long = probeAnswered(probeAnswered(next, 90_000, graceMs, true), 900_000, graceMs, true);
    expect(long.provenMs).toBe(15_000);
    expect(probeAnswered(long, 901_000, graceMs, false).provenMs).toBe(16_000);
  });

  it("gives every freeze its own grace: an answer that does not say frozen ends the one before", () => {
    expect(countAnswer({ provenMs: 7, heldMs: 5_000 }, 100, graceMs, false)).toEqual({ provenMs: 107, heldMs: 0 });
    expect(countAnswer({ provenMs: 7, heldMs: 4_000 }, 9_000, graceMs, true)).toEqual({
      provenMs: 6_007,
      heldMs: graceMs,
    });
  });

  it("reads the gap between answers off the run's own clock, and off the chain's between runs, up to a grace", () => {
    const at = (by: string, monotonicMs: number, chainSeconds: number): AnswerTime => ({
      by,
      monotonicMs,
      chainSeconds,
    });
    expect(answerGapMs(at("a", 100, 5), at("a", 60_350, 6), graceMs)).toBe(60_250);
    expect(answerGapMs(at("a", 100, 5), at("a", 90, 60), graceMs)).toBe(0);
    expect(answerGapMs(at("a", 100, 5), at("b", 0, 8), graceMs)).toBe(3_000);
    expect(answerGapMs(at("a", 100, 5), at("b", 0, 90), graceMs)).toBe(graceMs);
    expect(answerGapMs(at("a", 100, 5), at("b", 0, 4), graceMs)).toBe(0);
  });

  it("proves no more than the time that passed and a grace for each change of process, wherever clocks are set", () => {
    const step = fc.oneof(
      fc.record({ passes: fc.integer({ min: 0, max: 60_000 }) }),
      fc.record({ restart: fc.integer({ min: 0, max: 10 ** 9 }) }),
      fc.record({ chainLags: fc.integer({ min: 0, max: 120 }) }),
      fc.record({ answer: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let [real, monotonic, run, changes, lag] = [0, 0, 0, 0, 0];
        let served = { provenMs: 0, heldMs: 0 };
        let [last, from, changed, chain]: [AnswerTime | undefined, number, boolean, number] = [undefined, 0, false, 0];
        for (const now of steps) {
          if ("passes" in now) {
            real += now.passes;
            monotonic += now.passes;
          } else if ("restart" in now) {
            run++;
            monotonic = now.restart;
            changed = true;
          } else if ("chainLags" in now) lag = now.chainLags;
          else {
            // The head that is known never goes back, however far behind it is.
            chain = Math.max(chain, Math.floor(real / 1000) - lag);
            const time = { by: String(run), monotonicMs: monotonic, chainSeconds: chain };
            if (last === undefined) from = real;
            else {
              const gap = answerGapMs(last, time, graceMs);
              if (changed) {
                changes++;
                expect(gap).toBeLessThanOrEqual((chain - last.chainSeconds) * 1000);
              }
              served = countAnswer(served, gap, graceMs, now.answer);
            }
            last = time;
            changed = false;
            expect(served.provenMs).toBeLessThanOrEqual(real - from + changes * graceMs);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("pays a job that ended before its first probe, but a false report gains at most one grace", () => {
    expect(finalServedMs(NOTHING_SERVED, 700, graceMs)).toBe(700);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 9 }), fc.integer({ min: 0, max: 10 ** 9 }), (proven, reported) => {
        const served = finalServedMs({ provenMs: proven }, reported, graceMs);
        expect(served).toBeLessThanOrEqual(proven + graceMs);
        expect(served).toBeLessThanOrEqual(reported);
      }),
    );
    expect(finalServedMs(NOTHING_SERVED, -5, graceMs)).toBe(0);
  });

  it("rounds the price down", () => {
    expect(priceOf(3n, 999)).toBe(2n);
    expect(priceOf(3n, 1_000)).toBe(3n);
    expect(priceOf(3n, -1)).toBe(0n);
    expect(priceOf(1_000n, 0)).toBe(0n);
  });

  it("calls a note overdue only after the whole grace", () => {
    expect(paymentOverdue(0, 10_000, graceMs)).toBe(false);
    expect(paymentOverdue(0, 10_001, graceMs)).toBe(true);
    expect(paymentOverdue(50_000, 55_000, graceMs)).toBe(false);
  });
});
