import { simulate } from "@corepool/core/placement/simulate";
import { arrivals, capacityOf } from "@corepool/core/placement/trace";
import { describe, expect, it } from "vitest";
import { CITED, traceOf, WORKLOADS } from "./placement.ts";
import { bestFit } from "./support/best-fit.ts";

/** One order of arrival of ten: enough to notice a policy that got worse. */
const SEED = 1;

describe("placement on a production trace", () => {
  it("gives out more of the GPUs than its authors' best policy, whatever the mix", { timeout: 120_000 }, () => {
    const gains = WORKLOADS.map((workload) => {
      const trace = traceOf(workload);
      const demands = arrivals(trace, SEED);
      const ours = simulate(trace, demands, { seed: SEED }, () => 0).allocation;
      expect(ours, workload).toBeGreaterThan(CITED[workload].fgd);
      return ours - CITED[workload].fgd;
    });
    expect(gains.reduce((sum, gain) => sum + gain, 0) / gains.length).toBeGreaterThan(0.5);
  });

  it("is measured by the protocol of those authors: their BestFit comes to what they published", () => {
    const trace = traceOf("default");
    const share = (100 * bestFit(trace, arrivals(trace, SEED))) / capacityOf(trace);
    expect(Math.abs(share - CITED.default.bestfit)).toBeLessThan(0.5);
  });

  it("is the same for the same seed", () => {
    const trace = traceOf("cpu100");
    const demands = arrivals(trace, 2).slice(0, 2_000);
    const once = simulate(trace, demands, { seed: 2 }, () => 0);
    expect(once.placed).toBeGreaterThan(0);
    expect(simulate(trace, demands, { seed: 2 }, () => 0)).toEqual(once);
  });
});
