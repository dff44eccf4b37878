import type { WorkloadView } from "@corepool/protocol/resources";
import { describe, expect, it } from "vitest";
import { stopEffects } from "./stop-effects.ts";

const workload = (state: WorkloadView["state"], lease: object | null): WorkloadView =>
  ({
    state,
    attempts: [],
    lease:
      lease === null
        ? null
        : {
            id: "0x01",
            intervalSeconds: 1,
            noteTotal: "0",
            paid: "0",
            refund: null,
            terms: { rate: "100", escrow: "6000", grace: 2, end: 9_999_999_999, token: "0x02" },
            ...lease,
          },
  }) as unknown as WorkloadView;

describe("what stopping does to money", () => {
  it("bounds what may still be billed by one interval and the grace, and gives the rest back", () => {
    expect(stopEffects([workload("running", { noteTotal: "1000" })], 0)).toEqual({
      sums: [{ token: "0x02", spent: 1_000n, most: 1_300n, back: 4_700n }],
      withoutLease: 0,
      settleSeconds: 13,
    });
  });

  it("never bills more than the escrow", () => {
    expect(stopEffects([workload("running", { noteTotal: "5900" })], 0).sums).toEqual([
      { token: "0x02", spent: 5_900n, most: 6_000n, back: 0n },
    ]);
  });

  it("adds up by token, counts those without a lease, and leaves out what has ended", () => {
    const effects = stopEffects(
      [
        workload("running", { noteTotal: "100" }),
        workload("frozen", { noteTotal: "200" }),
        workload("pending", null),
        workload("succeeded", { paid: "50", refund: "1" }),
      ],
      0,
    );
    expect(effects.sums).toEqual([{ token: "0x02", spent: 300n, most: 900n, back: 11_100n }]);
    expect(effects.withoutLease).toBe(1);
  });
});
