import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "./test/world.ts";

/** As long as a coordinator takes to store one message. */
const STORE_MS = 4;
const LATE_MS = 1_000;

/** Writes to both outputs in turn, so that no two lines fit into one message, as fast as it can until it is stopped. */
const FLOOD = `
import os
n = 0
while True:
    os.write(1 + n % 2, f"flood {n}\\n".encode())
    n += 1
`;
/** Says when it writes each line, ten a second for three seconds. */
const CALM = `
import time
for n in range(30):
    print(f"{time.time() * 1000:.0f} {n}", flush=True)
    time.sleep(0.1)
`;

describe("a job that floods its log", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ mode: "operator" });
    await world.start();
  }, 60_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error(await world.agentLog());
  });
  afterAll(() => world?.finish(), 60_000);

  it("delays neither what is said of another job nor its log", { timeout: 60_000 }, async () => {
    const { coordinator } = world;
    const flood = await world.assign({ command: ["python3", "-c", FLOOD] }, { unit: 1 });
    const unpaid = flood.keepPaying();
    await coordinator.wait("log", ({ attempt }) => attempt === flood.attempt);
    const quick = coordinator.slow(STORE_MS);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const calm = await world.assign({ command: ["python3", "-c", CALM] }, { unit: 2 });
    const paying = calm.keepPaying();
    await coordinator.wait("ended", ({ attempt }) => attempt === calm.attempt);
    const mine = coordinator.heard.filter(({ body }) => "attempt" in body && body.attempt === calm.attempt);
    const states = mine.flatMap(({ type, body, at }) =>
      type === "attempt" && "state" in body && "at" in body ? [{ state: body.state, late: at - body.at }] : [],
    );
    expect(states.map(({ state }) => state)).toEqual(["preparing", "running", "collecting"]);
    expect(Math.max(...states.map(({ late }) => late))).toBeLessThan(LATE_MS);
    const lines = mine.flatMap(({ type, body, at }) =>
      type === "log" && "data" in body
        ? Buffer.from(body.data, "base64")
            .toString()
            .split("\n")
            .filter((line) => line !== "")
            .map((line) => ({ number: Number(line.split(" ")[1]), late: at - Number(line.split(" ")[0]) }))
        : [],
    );
    expect(lines.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    expect(Math.max(...lines.map(({ late }) => late))).toBeLessThan(LATE_MS);
    // The flood went on meanwhile.
    const from = coordinator.heard.indexOf(mine[0] as (typeof mine)[number]);
    const floods = coordinator.heard
      .slice(from)
      .filter(({ type, body }) => type === "log" && "attempt" in body && body.attempt === flood.attempt);
    expect(floods.length).toBeGreaterThan(100);
    quick();
    await paying();
    await unpaid();
  });
});
