import { describe, expect, it } from "vitest";
import { drainLog } from "./drain.ts";
import { ManualClock } from "./test/manual-clock.ts";

const PATIENCE = { connectedMs: 15_000, totalMs: 120_000 };

/** A log that is whole when it is told so. */
function log() {
  const whole = Promise.withResolvers<void>();
  return {
    stored: 0,
    whole: () => whole.resolve(),
    drained: (signal: AbortSignal) =>
      Promise.race([
        whole.promise,
        new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
      ]),
  };
}

async function waiting(connected: boolean) {
  const clock = new ManualClock();
  const logs = log();
  const line = { connected };
  const over = new AbortController();
  let done = false;
  const drained = drainLog(logs, line, clock, PATIENCE, over.signal).then(() => {
    done = true;
  });
  return { clock, logs, line, over, drained, done: () => done };
}

describe("the end of a log", () => {
  it("is waited for while the coordinator is away, beyond what is waited with a line", async () => {
    const { clock, line, done, logs, drained } = await waiting(false);
    await clock.advance(60_000);
    expect(done()).toBe(false);
    line.connected = true;
    await clock.advance(14_000);
    expect(done()).toBe(false);
    logs.whole();
    await drained;
    expect(done()).toBe(true);
  });

  it("is waited for no longer than patience lasts: with a line, and without any", async () => {
    const connected = await waiting(true);
    await connected.clock.advance(15_500);
    expect(connected.done()).toBe(true);
    const gone = await waiting(false);
    await gone.clock.advance(119_000);
    expect(gone.done()).toBe(false);
    await gone.clock.advance(1_500);
    expect(gone.done()).toBe(true);
  });

  it("is waited for as long as more of it is stored, but no longer than patience lasts in all", async () => {
    const { clock, done, logs } = await waiting(true);
    for (let stored = 0; stored < 11; stored++) {
      await clock.advance(10_000);
      logs.stored++;
    }
    expect(done()).toBe(false);
    await clock.advance(9_000);
    expect(done()).toBe(false);
    await clock.advance(1_500);
    expect(done()).toBe(true);
    const stuck = await waiting(true);
    await stuck.clock.advance(10_000);
    stuck.logs.stored++;
    await stuck.clock.advance(14_000);
    expect(stuck.done()).toBe(false);
    await stuck.clock.advance(1_500);
    expect(stuck.done()).toBe(true);
  });

  it("is not waited for when the agent stops", async () => {
    const { over, drained } = await waiting(false);
    over.abort(new Error("stop"));
    await expect(drained).rejects.toThrow("stop");
  });
});
