import type { SandboxStats } from "@corepool/core/ports/runtime";
import type { FromAgent } from "@corepool/protocol/agent";
import { fromAgent } from "@corepool/protocol/agent";
import { describe, expect, it } from "vitest";
import { sampleUsage } from "./sample.ts";
import { ManualClock } from "./test/manual-clock.ts";

const STATS: SandboxStats = {
  elapsedMs: 1,
  cpuUs: 1_999,
  memoryBytes: 5,
  diskBytes: null,
  processes: 2,
  frozen: false,
  logBytesKept: 0,
  logBytesDropped: 0,
};

describe("samples of a running workload", () => {
  it("are told at once and at their intervals, until it is over", async () => {
    const clock = new ManualClock();
    const sent: FromAgent[] = [];
    const over = new AbortController();
    const attempt = `att_${"0".repeat(26)}`;
    const handle = { stats: async () => STATS };
    const send = async (message: FromAgent) => void sent.push(message);
    const sampling = sampleUsage({ attempt, clock, handle, send, everyMs: 5_000 }, over.signal);
    await expect.poll(() => sent.length).toBe(1);
    await clock.advance(4_999);
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    await expect.poll(() => sent.length).toBe(2);
    over.abort();
    await sampling;
    expect(sent[0]).toEqual({
      type: "sample",
      body: { attempt, cpuMs: 1, memoryBytes: 5, diskBytes: null, processes: 2 },
    });
    for (const message of sent) expect(fromAgent.safeParse(message).success).toBe(true);
  });

  it("end with the sandbox", async () => {
    const gone = new Error("gone");
    const parts = { attempt: "att_0", clock: new ManualClock(), handle: { stats: () => Promise.reject(gone) } };
    const sampling = sampleUsage({ ...parts, send: async () => undefined, everyMs: 1 }, new AbortController().signal);
    await expect(sampling).rejects.toBe(gone);
  });
});
