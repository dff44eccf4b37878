import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "../adapters/system-clock.ts";
import { type Harness, handlers, memoryHarness, postgresHarness } from "../testing/follower-harness.ts";
import { type Fault, FOLLOWED, SimChain } from "../testing/sim-chain.ts";
import { Follower, type FollowerOptions } from "./follower.ts";

const DEPTH = 3n;
const RETAIN = 4n;

type Command =
  | { readonly kind: "fork"; readonly back: number; readonly blocks: readonly (readonly number[])[] }
  | { readonly kind: "step"; readonly times: number }
  | { readonly kind: "restart" }
  | { readonly kind: "crash" };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("fork" as const),
      back: fc.nat(8),
      blocks: fc.array(fc.array(fc.nat(1_000), { maxLength: 3 }), { maxLength: 6 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("step" as const), times: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "crash" as const }) },
);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fault>("none") },
  ...(["lag", "missing", "empty", "duplicate", "truncated", "other-fork", "unavailable"] as const).map((f) => ({
    weight: 1,
    arbitrary: fc.constant<Fault>(f),
  })),
);

/** Steps until nothing moves any more. */
async function settle<T>(follower: Follower<T>): Promise<void> {
  for (let quiet = 0, i = 0; quiet < 8; i++) {
    quiet = (await follower.step()) ? 0 : quiet + 1;
    expect(i).toBeLessThan(500);
  }
}

/** What one straight reading of the node's branch gives. */
async function straight(chain: SimChain): Promise<unknown> {
  const { store, rows, all } = await memoryHarness(0n);
  const straightforward = handlers(rows);
  const blocks = chain
    .branch()
    .slice(1)
    .map(({ header, logs }) => ({ header, logs, digest: header.hash }));
  await store.advance({ number: 0n, hash: undefined }, blocks, true, async (tx, block) => {
    for (const one of block.logs) await straightforward.log(tx, one, block.header);
  });
  return all();
}

async function replays<T>(
  open: (origin: bigint) => Promise<Harness<T>>,
  commands: readonly Command[],
  faults: readonly Fault[],
  batch: bigint,
): Promise<void> {
  const harness = await open(0n);
  try {
    const chain = new SimChain(DEPTH, DEPTH + RETAIN);
    let drawn = 0;
    const misbehave = () => {
      chain.fault = () => faults[drawn++ % faults.length] ?? "none";
    };
    misbehave();
    let crashing = false;
    let highest = 0n;
    const options: FollowerOptions<T> = {
      reader: chain,
      store: harness.store,
      addresses: [FOLLOWED],
      clock: systemClock,
      limits: { batch, bulk: 3n, retain: RETAIN },
      handlers: handlers(harness.rows, () => crashing),
    };
    let follower = new Follower(options);
    for (const one of commands) {
      if (one.kind === "fork") {
        // No deeper than what stays undoable: finality and the retained blocks, from the highest head there ever was.
        const floor = highest - DEPTH - RETAIN;
        const room = chain.height - (floor > 0n ? floor : 0n);
        chain.fork(Number(room < BigInt(one.back) ? room : BigInt(one.back)), one.blocks);
        if (chain.height > highest) highest = chain.height;
      } else if (one.kind === "restart") {
        follower = new Follower(options);
      } else {
        crashing = one.kind === "crash";
        for (let i = 0; i < (one.kind === "step" ? one.times : 2); i++) await follower.step().catch(() => undefined);
        crashing = false;
      }
    }
    chain.fault = () => "none";
    // The newest blocks become final, so that even a truncated answer has been found out.
    chain.fork(0, [[1], [], [2], [], []]);
    await settle(follower);
    expect((await harness.store.load()).cursor.number).toBe(chain.height);
    expect(await harness.all()).toEqual(await straight(chain));
  } finally {
    await harness.end();
  }
}

describe("the follower", () => {
  it("replays any history to what the canonical chain says (memory)", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 25 }),
        fc.array(fault, { minLength: 1, maxLength: 60 }),
        fc.bigInt(1n, 5n),
        (commands, faults, batch) => replays(memoryHarness, commands, faults, batch),
      ),
      { numRuns: 150 },
    );
  });

  it("replays any history to what the canonical chain says (PostgreSQL)", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 5, maxLength: 20 }),
        fc.array(fault, { minLength: 1, maxLength: 60 }),
        fc.bigInt(1n, 5n),
        (commands, faults, batch) => replays(postgresHarness, commands, faults, batch),
      ),
      { numRuns: 4 },
    );
  }, 60_000);

  it("goes back to the beginning with a node that forgot everything, while nothing is pruned", async () => {
    const harness = await memoryHarness(0n);
    const chain = new SimChain(1_000n);
    const follower = new Follower({
      reader: chain,
      store: harness.store,
      addresses: [FOLLOWED],
      clock: systemClock,
      handlers: handlers(harness.rows),
    });
    chain.fork(0, [[1], [2], [3], [4]]);
    await settle(follower);
    chain.fork(4, []);
    await settle(follower);
    expect(await harness.all()).toEqual({});
    chain.fork(0, [[7], [8]]);
    await settle(follower);
    expect(await harness.all()).toEqual(await straight(chain));
    expect(follower.status).toMatchObject({ cursor: 2n, head: 2n, caughtUp: true, undone: 4 });
  });

  it("says so when the chain differs where nothing can be undone", async () => {
    const harness = await memoryHarness(0n);
    const chain = new SimChain(0n);
    const follower = new Follower({
      reader: chain,
      store: harness.store,
      addresses: [FOLLOWED],
      clock: systemClock,
      handlers: handlers(harness.rows),
      limits: { retain: 0n },
    });
    chain.fork(0, [[1], [2], [3], [4]]);
    await settle(follower);
    chain.fork(4, [[5], [6], [7], [8], [9]]);
    await expect(follower.step()).rejects.toMatchObject({
      code: "chain-unavailable",
      message: expect.stringContaining("deeper than can be undone"),
    });
  });

  it("wakes at once when it is nudged, and stops in order", async () => {
    const harness = await memoryHarness(0n);
    const chain = new SimChain(3n);
    const follower = new Follower({
      reader: chain,
      store: harness.store,
      addresses: [FOLLOWED],
      clock: systemClock,
      handlers: handlers(harness.rows),
      pollMs: 60_000,
    });
    follower.start();
    await expect.poll(() => follower.status.caughtUp).toBe(true);
    chain.fork(0, [[4]]);
    const started = performance.now();
    follower.nudge();
    await expect.poll(() => follower.status.cursor, { interval: 5 }).toBe(1n);
    expect(performance.now() - started).toBeLessThan(1_000);
    await follower.stop();
  });
});
