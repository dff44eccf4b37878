import type { Clock } from "@corepool/core/ports/clock";
import { keccak256, numberToHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpEndpoint } from "../adapters/http-endpoint.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { Endpoints } from "../endpoints.ts";
import { createReader } from "../reader.ts";
import { quantity } from "../rpc.ts";
import { type LogChain, logChain } from "../testing/log-chain.ts";
import { type Lie, lyingNode } from "../testing/lying-node.ts";
import { type TempDatabase, tempDatabase } from "../testing/temp-database.ts";
import { postgresSenderStore } from "./postgres-store.ts";
import { Sender } from "./sender.ts";
import { createWire } from "./wire.ts";

const FINALITY = { depth: 3, ageSeconds: 0 };
let chain: LogChain;
let database: TempDatabase;
beforeAll(async () => {
  chain = await logChain(FINALITY);
  database = await tempDatabase();
});
afterAll(async () => {
  await database.end();
  await chain.temp.end();
});

/** The machine's clock, until it is stopped: then whoever sleeps by it stands still, like a process that was stopped. */
function stoppingClock(): Clock & { stop(): void; go(): void } {
  let gate = Promise.resolve();
  let open: () => void = () => undefined;
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    async sleep(ms, signal) {
      await systemClock.sleep(ms, signal);
      await gate;
    },
    stop() {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    go: () => open(),
  };
}

async function account() {
  const key = generatePrivateKey();
  const signer = privateKeyToAccount(key);
  await chain.temp.endpoint.request("anvil_setBalance", [signer.address, quantity(10n ** 18n)]);
  return signer;
}

/** A sender of the account on the one database, by these endpoints. */
function senderOf(
  signer: Awaited<ReturnType<typeof account>>,
  options: { readonly urls?: readonly string[]; readonly clock?: Clock } = {},
): Sender {
  const clock = options.clock ?? systemClock;
  const endpoints = new Endpoints(
    31_337,
    (options.urls ?? [chain.temp.chain.rpcUrl]).map((url) => httpEndpoint(url)),
    systemClock,
  );
  return new Sender({
    signer,
    reader: createReader({ endpoints, finality: FINALITY, clock: systemClock, patienceMs: 500 }),
    wire: createWire(endpoints),
    store: postgresSenderStore(database, signer.address),
    clock,
    hashOf: keccak256,
    checkMs: 20,
    takeUpMs: 200,
  });
}

const request = (value: number) => ({
  intent: `log:${value}`,
  to: chain.contract,
  data: numberToHex(value, { size: 32 }),
});

/** How often each value was logged. */
async function timesOf(values: readonly number[]): Promise<readonly number[]> {
  const logs = await chain.logs();
  return values.map((value) => logs.filter((log) => BigInt(log.data) === BigInt(value)).length);
}

/** Mines until the work is done. */
async function mining<T>(work: Promise<T>): Promise<T> {
  let done = false;
  const over = work.finally(() => {
    done = true;
  });
  over.catch(() => undefined);
  while (!done) {
    await chain.temp.endpoint.request("evm_mine", []);
    await systemClock.sleep(20);
  }
  return over;
}

/** A sender may be told that another was quicker: it asks again, as the relay does. */
async function insist(sender: Sender, value: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await sender.send(request(value));
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await systemClock.sleep(10);
    }
  }
}

describe("two senders of one account on one database", () => {
  it("send every intent once, also those that both are asked for", async () => {
    const signer = await account();
    const senders = [senderOf(signer), senderOf(signer)] as const;
    const values = Array.from({ length: 24 }, (_, i) => 1_000 + i);
    for (const sender of senders) await sender.start();
    try {
      await mining(
        Promise.all([
          ...values.slice(0, 16).map((value) => insist(senders[0], value)),
          ...values.slice(8).map((value) => insist(senders[1], value)),
        ]),
      );
      expect(await timesOf(values)).toEqual(values.map(() => 1));
    } finally {
      await Promise.all(senders.map((sender) => sender.stop()));
    }
  }, 60_000);

  it("change nothing that has moved on when one of them stood still meanwhile", async () => {
    const signer = await account();
    const clock = stoppingClock();
    const [zombie, heir] = [senderOf(signer, { clock }), senderOf(signer)];
    await zombie.start();
    const waiting = zombie.send(request(2_000));
    // Signed, kept and sent; then it stands still, before it learns what became of it.
    await expect
      .poll(() => chain.temp.endpoint.request("eth_getTransactionCount", [signer.address, "pending"]))
      .toBe("0x1");
    clock.stop();
    await heir.start();
    try {
      await mining(Promise.all([insist(heir, 2_000), insist(heir, 2_001)]));
      const states = async () =>
        (
          await database.query(
            "select intent, state from chain_transactions where intent like 'log:200%' order by intent",
            [],
          )
        ).rows;
      await mining(
        expect.poll(states).toEqual([
          { intent: "log:2000", state: "final" },
          { intent: "log:2001", state: "final" },
        ]),
      );
      const before = await chain.temp.endpoint.request("eth_getTransactionCount", [signer.address, "pending"]);
      clock.go();
      // What it waited for has happened, and it learns of it.
      expect((await mining(waiting)).status).toBe("success");
      await mining(systemClock.sleep(300));
      expect(await chain.temp.endpoint.request("eth_getTransactionCount", [signer.address, "pending"])).toBe(before);
      expect(await timesOf([2_000, 2_001])).toEqual([1, 1]);
      expect(await states()).toEqual([
        { intent: "log:2000", state: "final" },
        { intent: "log:2001", state: "final" },
      ]);
    } finally {
      clock.go();
      await zombie.stop();
      await heir.stop();
    }
  }, 60_000);
});

describe("a sender beside which another one dies", () => {
  it("stands by what the other had sent: a re-org that takes it back finds it sent again", async () => {
    const signer = await account();
    const clock = stoppingClock();
    const [dead, heir] = [senderOf(signer, { clock }), senderOf(signer)];
    // It knows of nothing when it starts.
    await heir.start();
    await dead.start();
    const state = async () =>
      (await database.query("select state from chain_transactions where intent = 'log:2500'", [])).rows[0]?.state;
    try {
      const snapshot = await chain.temp.endpoint.request("evm_snapshot", []);
      await chain.temp.endpoint.request("evm_setAutomine", [true]);
      await dead.send(request(2_500));
      await chain.temp.endpoint.request("evm_setAutomine", [false]);
      clock.stop();
      expect(await state()).toBe("mined");
      await chain.temp.endpoint.request("evm_revert", [snapshot]);
      expect(await timesOf([2_500])).toEqual([0]);
      await mining(expect.poll(state, { timeout: 10_000 }).toBe("final"));
      expect(await timesOf([2_500])).toEqual([1]);
    } finally {
      clock.go();
      await dead.stop();
      await heir.stop();
    }
  }, 60_000);
});

describe("a sender whose first node lies", () => {
  it("does not call a transaction final that one node alone has seen, and sends it once the truth is out", async () => {
    let lie: Lie = "swallow";
    const liar = await lyingNode(chain.temp.endpoint, (method) =>
      method === "eth_getTransactionReceipt" && lie === "swallow" ? "forged-receipt" : lie,
    );
    const signer = await account();
    const sender = senderOf(signer, { urls: [liar.url, chain.temp.chain.rpcUrl] });
    await sender.start();
    try {
      await mining(sender.send(request(3_000)));
      const state = async () =>
        (await database.query("select state from chain_transactions where intent = 'log:3000'", [])).rows[0]?.state;
      await mining(systemClock.sleep(500));
      expect(await state()).toBe("mined");
      expect(await timesOf([3_000])).toEqual([0]);
      lie = "truth";
      await mining(expect.poll(state, { timeout: 10_000 }).toBe("final"));
      expect(await timesOf([3_000])).toEqual([1]);
    } finally {
      await sender.stop();
      await liar.end();
    }
  }, 60_000);
});
