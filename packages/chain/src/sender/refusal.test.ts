import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import { expect, it } from "vitest";
import { systemClock } from "../adapters/system-clock.ts";
import { MemorySenderStore } from "./memory-store.ts";
import type { Outgoing } from "./record.ts";
import { Sender } from "./sender.ts";
import type { SenderStore } from "./store.ts";
import type { Wire } from "./wire.ts";

const ADDRESS: Hex = `0x${"ab".repeat(20)}`;
const HASH: Hex = `0x${"cd".repeat(32)}`;
const request = { intent: "open:1", to: ADDRESS, data: "0x" } as const;
const outcome = { hash: HASH, blockNumber: 1n, blockHash: HASH, status: "success", gasUsed: 1n } as const;

it("goes on with what another process kept when a refusal cannot be written down", async () => {
  const memory = new MemorySenderStore();
  const signed = { nonce: 0, hash: HASH, raw: "0x02", gas: 1n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n } as const;
  const store: SenderStore = {
    add: (asked) => memory.add(asked),
    unfinished: () => memory.unfinished(),
    find: (intent) => memory.find(intent),
    async save(record: Outgoing) {
      // Between the refused estimate and the note of it, another process has signed and sent the same intent.
      if (record.state === "failed")
        await memory.save({ ...record, state: "sent", signed: [signed], failure: undefined });
      return memory.save(record);
    },
  };
  const wire: Wire = {
    count: async () => 0,
    fees: async () => ({ maxFeePerGas: 1n, maxPriorityFeePerGas: 1n }),
    estimate: () => Promise.reject(new CorepoolError("call-reverted", { detail: "The contract refused: UnitBusy." })),
    broadcast: async () => "accepted",
  };
  const head = { number: 1n, hash: HASH, parentHash: HASH, timestamp: 1n };
  const reader = {
    chainId: 1,
    head: async () => head,
    finalized: async () => head,
    blockByNumber: async () => head,
    outcome: async (hash: Hex) => (hash === HASH ? outcome : undefined),
  } as unknown as ChainReader;
  const problems: unknown[] = [];
  const sender = new Sender({
    signer: { address: ADDRESS, signTransaction: () => Promise.reject(new Error("nothing is to be signed here")) },
    reader,
    wire,
    store,
    clock: systemClock,
    hashOf: () => HASH,
    onProblem: (_, problem) => problems.push(problem),
  });
  await sender.start();
  await expect(sender.send(request)).resolves.toEqual(outcome);
  expect(problems).toMatchObject([{ code: "chain-unavailable" }]);
  await sender.stop();
});
