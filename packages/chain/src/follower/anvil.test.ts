import { readFile } from "node:fs/promises";
import { leaseId } from "@corepool/protocol/eip712";
import { openCalldata } from "@corepool/protocol/market/calldata";
import { decodeMarketEvent } from "@corepool/protocol/market/events";
import { keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../adapters/system-clock.ts";
import { MemorySenderStore } from "../sender/memory-store.ts";
import { Sender } from "../sender/sender.ts";
import { createWire } from "../sender/wire.ts";
import { type TempMarket, tempMarket } from "../testing/temp-market.ts";
import { mayHold } from "./assemble.ts";
import { Follower } from "./follower.ts";
import { MemoryFollowerStore } from "./memory-store.ts";

let market: TempMarket;
beforeAll(async () => {
  market = await tempMarket();
});
afterAll(() => market.end());

describe("a follower and a sender on a real chain", () => {
  it("see a killed node that comes back older as one more re-org", async () => {
    const { reader, deployment, domain, provider, relayer, chain } = market;
    const store = new MemoryFollowerStore(deployment.block - 1n);
    const undone: bigint[] = [];
    const follower = new Follower({
      reader,
      store,
      clock: systemClock,
      addresses: [deployment.leaseMarket],
      pollMs: 20,
      handlers: {
        async log(tx, log) {
          const event = decodeMarketEvent(log);
          if (event?.name === "LeaseOpened")
            tx.put("leases", event.args.lease, { start: event.args.terms.start, block: log.blockHash });
        },
        async undone(_, blocks) {
          undone.push(...blocks.map((block) => block.number));
        },
      },
    });
    const sender = new Sender({
      signer: privateKeyToAccount(relayer.key),
      reader,
      wire: createWire(market.endpoints),
      store: new MemorySenderStore(),
      clock: systemClock,
      hashOf: keccak256,
      checkMs: 20,
    });
    await sender.start();
    follower.start();
    try {
      await chain.save();
      const older = await readFile(market.stateFile);
      const matched = await market.match(1n, 1);
      const first = await sender.send({
        intent: "open",
        to: deployment.leaseMarket,
        data: openCalldata({ ...matched, offerProof: [], unitProof: [] }),
      });
      follower.nudge();
      const lease = leaseId(domain, provider.address, 1n, 0);
      await expect.poll(() => store.table("leases").get(lease)?.block).toBe(first.blockHash);
      expect(mayHold((await reader.blockByHash(first.blockHash))?.logsBloom, deployment.leaseMarket)).toBe(true);
      expect(mayHold((await reader.blockByHash(first.blockHash))?.logsBloom, provider.address)).toBe(false);

      // Within the same second the node would make the very same block again.
      await systemClock.sleep(1_100);
      await market.comeBackOlder(older);
      // The lease is undone, sent again, and open again in another block, once.
      await expect.poll(() => store.table("leases").get(lease)?.block, { timeout: 10_000 }).not.toBe(first.blockHash);
      await expect.poll(() => store.table("leases").has(lease), { timeout: 10_000 }).toBe(true);
      expect(undone).toContain(first.blockNumber);
      await expect.poll(() => follower.status, { timeout: 5_000 }).toMatchObject({ caughtUp: true });
      const again = store.table("leases").get(lease)?.block;
      const header = await reader.blockByHash(again as `0x${string}`);
      expect(header?.number).toBe(first.blockNumber);
    } finally {
      await sender.stop();
      await follower.stop();
    }
  });
});
