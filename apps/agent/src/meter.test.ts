import { codeOf } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import { priceOf } from "@corepool/core/payment";
import { digestOf, leaseOverData, paymentNoteData } from "@corepool/protocol/eip712";
import fc from "fast-check";
import { recoverAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { describe, expect, it } from "vitest";
import { checkNote, coveredMs } from "./meter.ts";
import { ServedClock } from "./served-clock.ts";
import { ManualClock } from "./test/manual-clock.ts";
import { assignmentOf, domain, leaseKey, START, termsOf } from "./test/samples.ts";

const lease = assignmentOf().lease;
type Key = Pick<typeof leaseKey, "signTypedData">;
const signed = async (total: bigint, by: Key = leaseKey, of: Hex = lease) => ({
  total: String(total),
  signature: await by.signTypedData(paymentNoteData(domain, of, total) as Parameters<Key["signTypedData"]>[0]),
  over: null as Hex | null,
});
const over = (total: bigint, by: Key = leaseKey, of: Hex = lease): Promise<Hex> =>
  by.signTypedData(leaseOverData(domain, of, total) as Parameters<Key["signTypedData"]>[0]);
const context = (change: Partial<Parameters<typeof checkNote>[1]> = {}) => ({
  domain,
  lease,
  terms: termsOf(),
  best: 0n,
  now: START + 100,
  ...change,
});
const refusal = (work: Promise<unknown>) => work.then(() => "accepted", codeOf);

describe("checkNote", () => {
  it("accepts what the chain would pay, to the last base unit", async () => {
    expect(await checkNote(await signed(110_000n), context())).toBe(110_000n);
    expect(await refusal(checkNote(await signed(110_001n), context()))).toBe("note-too-large");
    expect(await checkNote(await signed(0n), context())).toBe(0n);
  });

  it("never accepts more than the escrow, however late", async () => {
    expect(await checkNote(await signed(3_600_000n), context({ now: START + 10 ** 9 }))).toBe(3_600_000n);
    expect(await refusal(checkNote(await signed(3_600_001n), context({ now: START + 10 ** 9 })))).toBe(
      "note-too-large",
    );
  });

  it("accepts the best once more, and nothing below it", async () => {
    expect(await checkNote(await signed(500n), context({ best: 500n }))).toBe(500n);
    expect(await refusal(checkNote(await signed(499n), context({ best: 500n })))).toBe("note-too-small");
  });

  it("refuses another key, another lease, another market and a broken signature", async () => {
    const stranger = privateKeyToAccount(`0x${"33".repeat(32)}`);
    const other: Hex = `0x${"99".repeat(32)}`;
    expect(await refusal(checkNote(await signed(5n, stranger), context()))).toBe("bad-signature");
    expect(await refusal(checkNote(await signed(5n, leaseKey, other), context()))).toBe("bad-signature");
    expect(await refusal(checkNote(await signed(5n), context({ domain: { ...domain, chainId: 1 } })))).toBe(
      "bad-signature",
    );
    const { signature } = await signed(5n);
    const rs = signature.slice(0, 130);
    // One digit in the place of v, and a digit too many, are signatures to others.
    for (const broken of ["0x", rs, `${rs}05`, `${rs}0`, `${rs}1`, `${rs}00${signature.slice(130)}`] as Hex[]) {
      expect(await refusal(checkNote({ total: "5", signature: broken, over: null }, context()))).toBe("bad-signature");
    }
  });

  it("believes that a note is the last one only when the lease key says so over the same total", async () => {
    const stranger = privateKeyToAccount(`0x${"33".repeat(32)}`);
    const note = await signed(5n);
    expect(await checkNote({ ...note, over: await over(5n) }, context())).toBe(5n);
    for (const wrong of [
      over(4n),
      over(5n, stranger),
      over(5n, leaseKey, `0x${"99".repeat(32)}`),
      note.signature,
      "0x",
    ])
      expect(await refusal(checkNote({ ...note, over: (await wrong) as Hex }, context()))).toBe("bad-signature");
  });

  it("refuses the other form of a right signature, which the chain does not read", async () => {
    const { total, signature } = await signed(5n);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const high = (order - BigInt(`0x${signature.slice(66, 130)}`)).toString(16).padStart(64, "0");
    const v = signature.endsWith("1b") ? "1c" : "1b";
    const twin = `${signature.slice(0, 66)}${high}${v}` as Hex;
    expect(await refusal(checkNote({ total, signature: twin, over: null }, context()))).toBe("bad-signature");
    // The largest s that the chain reads, of whichever key that makes it.
    const half = (order >> 1n).toString(16).padStart(64, "0");
    const largest = `${signature.slice(0, 66)}${half}1b` as Hex;
    const hash = digestOf(paymentNoteData(domain, lease, 5n));
    const key = await recoverAddress({ hash, signature: largest });
    const terms = { ...termsOf(), key };
    expect(await checkNote({ total, signature: largest, over: null }, context({ terms }))).toBe(5n);
  });
});

describe("coveredMs", () => {
  it("is rounded up to the millisecond", () => {
    expect(coveredMs(1_000n, 5n)).toBe(5);
    expect(coveredMs(3n, 1n)).toBe(334); // 333 and a third
    expect(coveredMs(999n, 1n)).toBe(2); // 1 and a 999th
    expect(coveredMs(7n, 0n)).toBe(0);
  });

  it("is the time that a watch signed for, so that an honest client is never behind", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 20n }), fc.nat(10 ** 9), (rate, servedMs) => {
        const covered = coveredMs(rate, priceOf(rate, servedMs));
        // A rate of less than one base unit per millisecond cannot be paid finer than by the base unit.
        const unit = Number(1000n / rate) + 1;
        expect(covered).toBeLessThanOrEqual(servedMs);
        expect(covered).toBeGreaterThanOrEqual(servedMs - unit);
      }),
    );
  });
});

describe("ServedClock", () => {
  it("counts served time and stands still while frozen", async () => {
    const clock = new ManualClock();
    const served = new ServedClock(clock, 1_000, true);
    await clock.advance(500);
    served.pause();
    await clock.advance(10_000);
    expect(served.elapsedMs()).toBe(1_500);
    served.resume();
    served.resume();
    await clock.advance(250);
    expect(served.elapsedMs()).toBe(1_750);
  });
});
