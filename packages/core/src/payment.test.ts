import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finalServedMs, NOTHING_SERVED, noteCap, paymentOverdue, priceOf, probeAnswered } from "./payment.ts";

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
          served = probeAnswered(served, at, graceMs);
          if (i > 0) bound += Math.min(gap, graceMs);
        }
        expect(served.provenMs).toBe(bound);
        expect(served.provenMs).toBeLessThanOrEqual(at);
      }),
    );
  });

  it("does not fall when the clock gives the same or an older reading", () => {
    const once = probeAnswered(probeAnswered(NOTHING_SERVED, 5_000, graceMs), 9_000, graceMs);
    expect(probeAnswered(once, 9_000, graceMs)).toEqual(once);
    expect(probeAnswered(once, 8_000, graceMs)).toEqual(once);
  });

  it("pays a job that ended before its first probe, but a false report gains at most one grace", () => {
    expect(finalServedMs(NOTHING_SERVED, 700, graceMs)).toBe(700);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 9 }), fc.integer({ min: 0, max: 10 ** 9 }), (proven, reported) => {
        const served = finalServedMs({ provenMs: proven, lastAnswerAt: 0 }, reported, graceMs);
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
  });

  it("calls a note overdue only after the whole grace", () => {
    expect(paymentOverdue(0, 10_000, graceMs)).toBe(false);
    expect(paymentOverdue(0, 10_001, graceMs)).toBe(true);
  });
});
