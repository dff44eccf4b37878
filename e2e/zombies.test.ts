import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  agentStandsStill,
  coordinatorStandsStill,
  openBooks,
  openZombieMarket,
  stateOf,
  type ZombieMarket,
} from "./support/zombies.ts";

/**
 * How long a part stands still, seconds. `npm run bench -- zombies` takes 60; here it is as long as it takes to outlive
 * what a part that is away may lose: the lock of a request under its key (6 s) and the grace of its lease (2 s here), and
 * a coordinator's connections at once, as the road leads elsewhere. What takes longer (the three heartbeats, 15 s, after
 * which a machine counts as gone; the end of an open transaction, 15 s; the hold, 20 s here) ends a workload or frees a
 * lock, and gives a part that comes back less to change, not more; the longer run looks at it.
 */
const SECONDS = 8;

describe("a part that stands still and then goes on", () => {
  let zombies: ZombieMarket;
  beforeAll(async () => {
    zombies = await openZombieMarket();
  });
  afterAll(() => zombies.end());

  it("changes nothing when it is the coordinator, and another has gone on meanwhile", async () => {
    const { wrong, workload } = await coordinatorStandsStill(zombies, SECONDS, "running");
    expect(wrong).toEqual([]);
    // What one without fencing would write would be seen: each of these is taken back at once.
    const client = await openBooks(zombies.market);
    const before = await stateOf(zombies.market, client, workload);
    for (const write of [
      "update leases set state = 'open'",
      "update leases set note_total = note_total + 1",
      "update workloads set state = 'running'",
      "update attempts set state = 'running'",
      "update chain_transactions set state = 'mined' where state = 'final'",
      "update lease_batches set finished = not finished",
      "insert into agent_messages (machine, key, message) select id, 'stop:', '{}' from machines",
    ]) {
      await client.query("begin");
      await client.query(write);
      expect(await stateOf(zombies.market, client, workload), write).not.toBe(before);
      await client.query("rollback");
    }
    expect(await stateOf(zombies.market, client, workload)).toBe(before);
    await client.end();
  });

  it("is paid for no second that it stood still, when it is the agent", async () => {
    // The coordinator that stood still serves again.
    const { wrong, total, whole } = await agentStandsStill(zombies, SECONDS);
    expect(wrong).toEqual([]);
    // The time that it stood still is not within the tolerance.
    expect(total).toBeLessThan(whole);
  });
});
