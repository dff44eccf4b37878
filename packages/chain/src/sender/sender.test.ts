import { readFile } from "node:fs/promises";
import type { Address } from "@corepool/core/hex";
import { keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../adapters/system-clock.ts";
import { Endpoints } from "../endpoints.ts";
import { createReader } from "../reader.ts";
import type { Endpoint } from "../rpc.ts";
import { type TempChain, tempChain } from "../testing/temp-chain.ts";
import { MemorySenderStore } from "./memory-store.ts";
import { Sender } from "./sender.ts";
import type { SenderStore } from "./store.ts";
import { createWire } from "./wire.ts";

/** Counts its calls in slot 0; a call with data reverts with it. */
const COUNTER: Address = `0x${"c0".repeat(20)}`;

const QUICK = { depth: 2, ageSeconds: 1 };

let temp: TempChain;
const senders: Sender[] = [];
beforeAll(async () => {
  temp = await tempChain(QUICK);
  await temp.endpoint.request("anvil_setCode", [COUNTER, CODE]);
});
afterEach(async () => {
  for (const sender of senders.splice(0)) await sender.stop();
});
afterAll(() => temp.end());

// CALLDATASIZE ISZERO PUSH1 0c JUMPI CALLDATASIZE PUSH0 PUSH0 CALLDATACOPY CALLDATASIZE PUSH0 REVERT; count and stop.
const CODE = "0x3615600c57365f5f37365ffd5b5f546001015f5500";

const count = async (): Promise<number> =>
  Number(await temp.endpoint.request("eth_getStorageAt", [COUNTER, "0x0", "latest"]));

async function sender(
  key: `0x${string}`,
  store: SenderStore,
  more: { readonly endpoint?: Endpoint; readonly stuckMs?: number; readonly checkMs?: number } = {},
): Promise<Sender> {
  const endpoints = more.endpoint === undefined ? temp.endpoints : new Endpoints(31_337, [more.endpoint], systemClock);
  const reader = createReader({ endpoints, finality: QUICK, clock: systemClock, patienceMs: 500 });
  const one = new Sender({
    signer: privateKeyToAccount(key),
    reader,
    wire: createWire(endpoints),
    store,
    clock: systemClock,
    hashOf: keccak256,
    checkMs: more.checkMs ?? 50,
    ...(more.stuckMs === undefined ? {} : { stuckMs: more.stuckMs }),
  });
  await one.start();
  senders.push(one);
  return one;
}

describe("the sender", () => {
  it("sends an intent once, however often it is asked for, and many at a time", async () => {
    const { key } = await temp.account();
    const store = new MemorySenderStore();
    const one = await sender(key, store);
    const before = await count();
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, i) => one.send({ intent: `many:${i % 20}`, to: COUNTER, data: "0x" })),
    );
    expect(new Set(outcomes.map((o) => o.hash)).size).toBe(20);
    expect(outcomes.every((o) => o.status === "success")).toBe(true);
    expect(await count()).toBe(before + 20);
    expect((await one.send({ intent: "many:0", to: COUNTER, data: "0x" })).hash).toBe(outcomes[0]?.hash);
  });

  it("needs few questions and little time for one transaction", async () => {
    const { key } = await temp.account();
    let asked = 0;
    const endpoint: Endpoint = {
      name: temp.endpoint.name,
      request: (method, params) => {
        if (!method.startsWith("eth_getTransactionReceipt")) asked += 1;
        return temp.endpoint.request(method, params);
      },
    };
    const one = await sender(key, new MemorySenderStore(), { endpoint, checkMs: 60_000 });
    await one.send({ intent: "warm", to: COUNTER, data: "0x" });
    asked = 0;
    const times = [];
    for (let i = 0; i < 15; i++) {
      const started = performance.now();
      await one.send({ intent: `fast:${i}`, to: COUNTER, data: "0x" });
      times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    console.log(`send: best ${times[0]?.toFixed(1)} ms, median ${times[7]?.toFixed(1)} ms`);
    // Estimate, two for the fees, the nonce, the transaction itself; then only receipts.
    expect(asked).toBe(15 * 5);
    // The goal is 20 ms on a quiet machine; shared ones are slower, but never by waiting between questions.
    expect(times[0]).toBeLessThan(100);
  });

  it("does not send what the contract would refuse, and keeps saying why", async () => {
    const { key, address } = await temp.account();
    const store = new MemorySenderStore();
    const one = await sender(key, store);
    const refused = { code: "call-reverted", data: { reason: "Error" }, message: expect.stringContaining("no luck") };
    // Error(string) with "no luck".
    const data =
      `0x08c379a0${"20".padStart(64, "0")}${"7".padStart(64, "0")}${Buffer.from("no luck").toString("hex").padEnd(64, "0")}` as const;
    await expect(one.send({ intent: "bad", to: COUNTER, data })).rejects.toMatchObject(refused);
    await expect(one.send({ intent: "bad", to: COUNTER, data })).rejects.toMatchObject(refused);
    expect(await temp.endpoint.request("eth_getTransactionCount", [address, "latest"])).toBe("0x0");
  });

  it("follows a transaction to finality, and sends it again when its block is re-organised away", async () => {
    const { key } = await temp.account();
    const store = new MemorySenderStore();
    const one = await sender(key, store);
    const before = await count();
    const first = await one.send({ intent: "reorg", to: COUNTER, data: "0x" });
    await temp.endpoint.request("anvil_reorg", [1, []]);
    await expect
      .poll(async () => (await store.find("reorg"))?.outcome?.blockHash, { timeout: 5_000 })
      .not.toBe(first.blockHash);
    await expect.poll(count).toBe(before + 1);
    expect((await store.find("reorg"))?.signed).toHaveLength(1);
    await expect.poll(async () => (await store.find("reorg"))?.state, { timeout: 12_000 }).toBe("final");
    expect(await count()).toBe(before + 1);
  });

  it("raises the fee of what is stuck, under the same nonce", async () => {
    const { key } = await temp.account();
    const store = new MemorySenderStore();
    const one = await sender(key, store, { stuckMs: 100 });
    const before = await count();
    await temp.endpoint.request("evm_setAutomine", [false]);
    try {
      const waiting = one.send({ intent: "stuck", to: COUNTER, data: "0x" });
      await expect
        .poll(async () => (await store.find("stuck"))?.signed.length ?? 0, { timeout: 5_000 })
        .toBeGreaterThan(1);
      await temp.endpoint.request("evm_mine", []);
      await waiting;
    } finally {
      await temp.endpoint.request("evm_setAutomine", [true]);
    }
    const signed = (await store.find("stuck"))?.signed ?? [];
    expect(new Set(signed.map((s) => s.nonce)).size).toBe(1);
    expect(signed.every((s, i) => i === 0 || s.maxFeePerGas > (signed[i - 1]?.maxFeePerGas ?? 0n))).toBe(true);
    expect(await count()).toBe(before + 1);
  });

  it("signs under a new nonce when a stranger with the same key consumed the old one, once that is final", async () => {
    const { key, address } = await temp.account();
    const store = new MemorySenderStore();
    const queued = await store.add({ intent: "late", to: COUNTER, data: "0x" });
    // A form that was signed and never got out, because the node was away; meanwhile nonce 0 goes to something else.
    const common = {
      chainId: 31_337,
      type: "eip1559",
      nonce: 0,
      gas: 100_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
    } as const;
    const signer = privateKeyToAccount(key);
    const raw = await signer.signTransaction({ ...common, to: COUNTER });
    await store.save({ ...queued, state: "sent", signed: [{ ...common, hash: keccak256(raw), raw }] });
    await temp.endpoint.request("eth_sendRawTransaction", [await signer.signTransaction({ ...common, to: address })]);
    const before = await count();
    const one = await sender(key, store);
    const outcome = await one.send({ intent: "late", to: COUNTER, data: "0x" });
    expect(outcome.status).toBe("success");
    expect((await store.find("late"))?.signed.map((s) => s.nonce)).toEqual([0, 1]);
    expect(await count()).toBe(before + 1);
  });

  it("takes effect once, wherever it crashes", async () => {
    const { key } = await temp.account();
    for (let crashAt = 1, finished = false; !finished; crashAt++) {
      const store = new MemorySenderStore();
      const before = await count();
      const intent = `crash:${crashAt}`;
      const crash = new Crash(crashAt);
      const first = await sender(key, crash.store(store), { endpoint: crash.endpoint(temp.endpoint) });
      const sent = first.send({ intent, to: COUNTER, data: "0x" }).then(
        () => true,
        () => false,
      );
      finished = (await Promise.race([sent, crash.happened.then(() => undefined)])) === true;
      await first.stop();
      const second = await sender(key, store);
      await second.send({ intent, to: COUNTER, data: "0x" });
      expect(await count(), `crash at step ${crashAt}`).toBe(before + 1);
      await second.stop();
      expect(crashAt).toBeLessThan(60);
    }
  });
});

describe("the sender, with a node that is killed", () => {
  it("sends again what a node that came back older has forgotten", async () => {
    const own = await tempChain(QUICK);
    await own.endpoint.request("anvil_setCode", [COUNTER, CODE]);
    const { key } = await own.account();
    const counter = async () => Number(await own.endpoint.request("eth_getStorageAt", [COUNTER, "0x0", "latest"]));
    const store = new MemorySenderStore();
    const one = new Sender({
      signer: privateKeyToAccount(key),
      reader: own.reader,
      wire: createWire(own.endpoints),
      store,
      clock: systemClock,
      hashOf: keccak256,
      checkMs: 50,
    });
    try {
      await one.start();
      await one.send({ intent: "a", to: COUNTER, data: "0x" });
      await own.chain.save();
      const older = await readFile(own.stateFile);
      await one.send({ intent: "b", to: COUNTER, data: "0x" });
      await one.send({ intent: "c", to: COUNTER, data: "0x" });
      await own.comeBackOlder(older);
      await expect.poll(() => own.events.map((e) => e.type), { timeout: 5_000 }).toContain("restarted");
      await expect.poll(counter, { timeout: 10_000 }).toBe(3);
      await expect.poll(async () => (await store.unfinished()).length, { timeout: 15_000 }).toBe(0);
      expect(await counter()).toBe(3);
      for (const intent of ["a", "b", "c"]) expect((await store.find(intent))?.signed).toHaveLength(1);
    } finally {
      await one.stop();
      await own.end();
    }
  });
});

/** Lets the n-th step towards the outside fail for good, as a killed process would: before or after it took effect. */
class Crash {
  readonly happened: Promise<void>;
  readonly #after: boolean;
  #left: number;
  #dead = false;
  #tell: () => void = () => undefined;

  /** Odd numbers: before the step took effect; even ones: after it did, before its answer was seen. */
  constructor(at: number) {
    this.#after = at % 2 === 0;
    this.#left = Math.ceil(at / 2);
    this.happened = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  async #step<T>(work: () => Promise<T>): Promise<T> {
    if (this.#dead) return new Promise<never>((_, reject) => setTimeout(() => reject(new Error("crashed")), 5));
    this.#left -= 1;
    if (this.#left > 0) return work();
    this.#dead = true;
    this.#tell();
    if (this.#after) await work();
    throw new Error("crashed");
  }

  endpoint(inner: Endpoint): Endpoint {
    return { name: inner.name, request: (method, params) => this.#step(() => inner.request(method, params)) };
  }

  store(inner: SenderStore): SenderStore {
    return {
      add: (request) => this.#step(() => inner.add(request)),
      unfinished: () => inner.unfinished(),
      save: (record) => this.#step(() => inner.save(record)),
      find: (intent) => inner.find(intent),
    };
  }
}
