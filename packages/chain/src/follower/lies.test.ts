import type { Clock } from "@corepool/core/ports/clock";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpEndpoint } from "../adapters/http-endpoint.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { Endpoints } from "../endpoints.ts";
import { createReader } from "../reader.ts";
import type { SqlQuery } from "../sql.ts";
import { type LogChain, logChain } from "../testing/log-chain.ts";
import { LIES, type Lie, lyingNode } from "../testing/lying-node.ts";
import { type TempDatabase, tempDatabase } from "../testing/temp-database.ts";
import { Follower } from "./follower.ts";
import { postgresFollowerStore } from "./postgres-store.ts";

/** Deeper than any re-org here. */
const FINALITY = { depth: 13, ageSeconds: 0 };
const SEED = Number(process.env.COREPOOL_LIES_SEED ?? 1);

let chain: LogChain;
let database: TempDatabase;
beforeAll(async () => {
  chain = await logChain(FINALITY);
  await chain.grow(Array.from({ length: 20 }, () => []));
  database = await tempDatabase(`
    create table seen (block bigint, index int, data text, primary key (block, index));
    select chain_journal('seen');`);
});
afterAll(async () => {
  await database.end();
  await chain.temp.end();
});

/** Numbers from a seed (mulberry32). */
function diceOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** The machine's clock, ahead by as much as it is told: nodes that rest are awake again without a wait. */
function leapingClock(): Clock & { leap(ms: number): void } {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    leap(ms) {
      ahead += ms;
    },
  };
}

interface Seen {
  readonly block: bigint;
  readonly index: number;
  readonly data: string;
}

async function projected(): Promise<readonly Seen[]> {
  const { rows } = await database.query("select block::text, index, data from seen order by seen.block, index", []);
  return rows.map((row) => ({ block: BigInt(String(row.block)), index: Number(row.index), data: String(row.data) }));
}

async function canonical(): Promise<readonly Seen[]> {
  return (await chain.logs()).map((log) => ({ block: log.blockNumber, index: log.logIndex, data: log.data }));
}

let followers = 0;

/** A real follower on PostgreSQL before nodes that answer as `draws` say, one for each. */
async function stage(draws: readonly ((method: string) => Lie)[], timeoutMs = 10_000) {
  await database.query("truncate seen", []);
  const clock = leapingClock();
  const nodes = await Promise.all(draws.map((draw) => lyingNode(chain.temp.endpoint, draw)));
  const endpoints = new Endpoints(
    31_337,
    nodes.map(({ url }) => httpEndpoint(url, timeoutMs)),
    clock,
  );
  const reader = createReader({ endpoints, finality: FINALITY, clock, patienceMs: 2_000 });
  const follower = new Follower<SqlQuery>({
    reader,
    store: postgresFollowerStore(database, `lies${followers++}`, (await chain.height()) - 1n),
    addresses: [chain.contract],
    clock,
    limits: { retain: 20n },
    handlers: {
      async log(tx, log) {
        await tx.query("insert into seen (block, index, data) values ($1::bigint, $2::int, $3)", [
          String(log.blockNumber),
          log.logIndex,
          log.data,
        ]);
      },
    },
  });
  const from = await chain.height();
  let highest = from;
  return {
    clock,
    nodes,
    reader,
    follower,
    /** What must hold whatever was said: nothing is called final that is not, and what is confirmed is the truth. */
    async check(): Promise<void> {
      const { confirmed } = follower.status;
      const height = await chain.height();
      if (height > highest) highest = height;
      expect(confirmed).toBeLessThanOrEqual(highest - BigInt(FINALITY.depth));
      const upTo = (rows: readonly Seen[]) => rows.filter((row) => row.block >= from && row.block <= confirmed);
      expect(upTo(await projected())).toEqual(upTo(await canonical()));
    },
    async settle(): Promise<void> {
      for (let quiet = 0, i = 0; quiet < 6; i++) {
        clock.leap(3_000);
        quiet = (await follower.step().catch(() => false)) ? 0 : quiet + 1;
        expect(i).toBeLessThan(200);
      }
    },
    from,
    end: () => Promise.all(nodes.map((node) => node.end())),
  };
}

/** Blocks with a few logs each. */
const some = (dice: (below: number) => number, blocks: number) =>
  Array.from({ length: blocks }, () => Array.from({ length: dice(3) }, () => dice(1_000_000)));

/** A re-org of at most twelve blocks, never below what was final at the highest head so far; resolves with that head. */
async function anyReorg(dice: (below: number) => number, highest: bigint, from: bigint): Promise<bigint> {
  const height = await chain.height();
  const top = height > highest ? height : highest;
  const floor = top - 12n > from ? top - 12n : from;
  const room = Number(height - floor);
  if (room < 1) return top;
  const depth = 1 + dice(room);
  await chain.reorg(depth, some(dice, dice(depth + 4)));
  return top;
}

/** Grows and re-orgs the chain and steps the follower while `lying` is on; then the truth comes out. */
async function ordeal(seed: number, nodes: number, steps: number, lies: readonly Lie[]): Promise<number> {
  const dice = diceOf(seed);
  const one = (from: readonly Lie[]): Lie => from[dice(from.length)] ?? "truth";
  let lying = true;
  const told = new Set<Lie>();
  const draw = (share: number, from: readonly Lie[]) => (): Lie => {
    const lie: Lie = lying && dice(100) < share ? one(from) : "truth";
    told.add(lie);
    return lie;
  };
  // One that lies half of the time; the others are honest, and at times not there.
  const away: readonly Lie[] = ["reset", "429", "lagging", "missing-block", "duplicate-logs"];
  const draws = [draw(50, lies), ...Array.from({ length: nodes - 1 }, () => draw(15, away))];
  const test = await stage(draws, 300);
  let highest = test.from;
  try {
    for (let i = 0; i < steps; i++) {
      const what = dice(10);
      if (what < 4) await chain.grow(some(dice, 1 + dice(4)));
      else if (what === 4) highest = await anyReorg(dice, highest, test.from);
      else {
        await test.follower.step().catch(() => undefined);
        test.clock.leap(dice(2_500));
        await test.check();
      }
    }
    lying = false;
    await chain.grow(some(dice, FINALITY.depth + 2));
    await test.settle();
    await test.check();
    const mine = (rows: readonly Seen[]) => rows.filter((row) => row.block >= test.from);
    expect(mine(await projected())).toEqual(mine(await canonical()));
    expect(test.follower.status.confirmed).toBe((await chain.height()) - BigInt(FINALITY.depth));
    return told.size;
  } finally {
    await test.end();
  }
}

/** With one node there is nobody to ask: what it says of one block at two times must not be the same lie. */
const LONE_LIES = LIES.filter((lie) => !["future", "soon", "forged-log", "truncated-logs"].includes(lie));

describe("a follower whose nodes lie", () => {
  it.each([0, 1, 2, 3])(
    "comes to the truth beside an honest node, and confirms nothing else (seed + %i)",
    async (i) => {
      expect(await ordeal(SEED + i, 2, 60, LIES), `COREPOOL_LIES_SEED=${SEED}`).toBeGreaterThan(10);
    },
  );

  it.each([0, 1])("comes to the truth among three (seed + %i)", async (i) => {
    await ordeal(SEED + 100 + i, 3, 50, LIES);
  });

  it.each([0, 1, 2])("comes to the truth with one node that is at times wrong (seed + %i)", async (i) => {
    await ordeal(SEED + 200 + i, 1, 60, LONE_LIES);
  });

  it("is not misled by a node that always forges the same log: it is never confirmed, and undone in the end", async () => {
    const dice = diceOf(SEED);
    const test = await stage([() => "forged-log", () => "truth"]);
    try {
      await chain.grow([[1], [2], [3]]);
      await test.follower.step();
      await test.follower.step().catch(() => undefined);
      // The first node is asked first: its word stands while nothing is final.
      expect((await projected()).some((row) => row.data.endsWith("f".repeat(64)))).toBe(true);
      await chain.grow(some(dice, 16));
      for (let i = 0; i < 12; i++) {
        await test.follower.step().catch(() => undefined);
        await test.check();
        test.clock.leap(1_000);
      }
      expect(test.follower.status.confirmed).toBeLessThan(test.from);
    } finally {
      await test.end();
    }
  });

  it("calls nothing final for a head that one node alone has seen", async () => {
    let lie: Lie = "truth";
    const test = await stage([() => lie, () => "truth"]);
    try {
      await chain.grow([[1], [2], [3]]);
      const honest = await chain.height();
      for (lie of ["future", "soon"] as const) {
        for (let i = 0; i < 3; i++) {
          const { number } = await test.reader.finalized();
          expect(number).toBeLessThanOrEqual(honest - BigInt(FINALITY.depth));
          if (lie === "future") expect((await test.reader.head()).number).toBe(honest);
          test.clock.leap(1_000);
        }
      }
    } finally {
      await test.end();
    }
  });

  it("leaves a node alone for as long as it asks, and no longer", async () => {
    let lie: Lie = "429-wait";
    const test = await stage([() => lie]);
    const [node] = test.nodes;
    const count = () => [...(node?.asked.values() ?? [])].reduce((a, b) => a + b, 0);
    try {
      await expect(test.reader.head()).rejects.toMatchObject({ code: "chain-unavailable" });
      const asked = count();
      lie = "truth";
      test.clock.leap(1_500);
      await expect(test.reader.head()).rejects.toThrow(/left alone/);
      expect(count()).toBe(asked);
      test.clock.leap(600);
      expect((await test.reader.head()).number).toBe(await chain.height());
      // Without a wish, the only node there is is asked again at once.
      lie = "429";
      await expect(test.reader.head()).rejects.toMatchObject({ code: "chain-unavailable" });
      lie = "truth";
      expect((await test.reader.head()).number).toBe(await chain.height());
    } finally {
      await test.end();
    }
  });

  it("does without a node of another chain while there are others, and says so when there is none", async () => {
    const test = await stage([() => "wrong-chain", () => "truth"]);
    const alone = await stage([() => "wrong-chain"]);
    try {
      expect((await test.reader.head()).number).toBe(await chain.height());
      await expect(alone.reader.head()).rejects.toMatchObject({ code: "wrong-chain" });
    } finally {
      await test.end();
      await alone.end();
    }
  });
});

describe("re-orgs of one to twelve blocks", () => {
  it("leave the projection as the chain is, at random heights, twenty times", async () => {
    const dice = diceOf(SEED + 300);
    const test = await stage([() => "truth"]);
    try {
      await chain.grow(some(dice, 14));
      for (let i = 0; i < 20; i++) {
        await test.settle();
        const depth = 1 + (i % 12);
        await chain.reorg(depth, some(dice, depth + dice(4)));
        if (dice(2) === 0) await test.follower.step();
        await chain.grow(some(dice, dice(3)));
      }
      await test.settle();
      const mine = (rows: readonly Seen[]) => rows.filter((row) => row.block >= test.from);
      expect(mine(await projected())).toEqual(mine(await canonical()));
      expect(test.follower.status.undone).toBeGreaterThan(20);
    } finally {
      await test.end();
    }
  });
});
