import type { Clock } from "@corepool/core/ports/clock";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { encodeErrorResult } from "viem";
import { describe, expect, it } from "vitest";
import { Endpoints } from "./endpoints.ts";
import { newestFinal, parseFinality } from "./finality.ts";
import { LogRanges } from "./log-ranges.ts";
import { createReader } from "./reader.ts";
import { type Endpoint, RpcFailure } from "./rpc.ts";

/** A clock that stands still until it is told. */
function handClock(): Clock & { move(ms: number): void } {
  let at = 0;
  return {
    now: () => at,
    monotonic: () => at,
    sleep: async () => undefined,
    move: (ms) => {
      at += ms;
    },
  };
}

const hash = (n: number, fork = 0) => `0x${(n * 16 + fork).toString(16).padStart(64, "0")}` as const;
const header = (n: number, fork = 0) => ({
  number: `0x${n.toString(16)}`,
  hash: hash(n, fork),
  parentHash: hash(n - 1, fork),
  timestamp: `0x${(n * 2).toString(16)}`,
});

/** A node with `height` blocks of a fork, which can be switched. */
class Node implements Endpoint {
  readonly name = "http://node";
  chainId = 1;
  height: number;
  fork = 0;
  down = false;
  asked: string[] = [];

  constructor(height: number) {
    this.height = height;
  }

  async request(method: string, params: readonly unknown[]): Promise<unknown> {
    this.asked.push(method);
    if (this.down) throw new RpcFailure("unreachable", "connection refused");
    if (method === "eth_chainId") return `0x${this.chainId.toString(16)}`;
    if (method === "eth_getBlockByNumber") {
      const tag = params[0] as string;
      const n = tag === "latest" ? this.height : tag === "finalized" ? this.height - 5 : Number(tag);
      return n > this.height || n < 0 ? null : header(n, this.fork);
    }
    if (method === "eth_call")
      throw new RpcFailure("reverted", "execution reverted", {
        data: encodeErrorResult({ abi: leaseMarketAbi, errorName: "InsufficientCash", args: [1n, 2n] }),
      });
    return null;
  }
}

const readerOf = (
  nodes: readonly Node[],
  clock: Clock,
  finality: Parameters<typeof createReader>[0]["finality"] = { tag: "finalized" },
) => createReader({ endpoints: new Endpoints(1, nodes, clock), finality, clock, patienceMs: 1_000 });

describe("the reader", () => {
  it("goes on with the next node when one fails, rests the failed one and comes back to it", async () => {
    const clock = handClock();
    const [a, b] = [new Node(10), new Node(10)];
    const reader = readerOf([a, b], clock);
    a.down = true;
    expect((await reader.blockByNumber(3n))?.hash).toBe(hash(3));
    a.asked = [];
    await reader.blockByNumber(3n);
    expect(a.asked).toEqual([]);
    a.down = false;
    clock.move(600);
    await reader.blockByNumber(3n);
    // It has to show its chain id anew: another node may have come back at its address.
    expect(a.asked).toEqual(["eth_chainId", "eth_getBlockByNumber"]);
    a.down = b.down = true;
    await expect(reader.blockByNumber(3n)).rejects.toMatchObject({ code: "chain-unavailable" });
  });

  it("refuses a node of another chain, and says which", async () => {
    const node = new Node(10);
    node.chainId = 5;
    await expect(readerOf([node], handClock()).head()).rejects.toMatchObject({
      code: "wrong-chain",
      data: { found: 5, expected: 1 },
    });
  });

  it("holds a lower head for a lagging node, until it stays lower", async () => {
    const clock = handClock();
    const node = new Node(10);
    const reader = readerOf([node], clock);
    await reader.head();
    node.height = 8;
    expect((await reader.head()).number).toBe(10n);
    node.height = 11;
    expect((await reader.head()).number).toBe(11n);
    node.height = 8;
    expect((await reader.head()).number).toBe(11n);
    clock.move(1_001);
    expect((await reader.head()).number).toBe(8n);
  });

  it("believes a lower head at once when a remembered block is another one", async () => {
    const node = new Node(9);
    const reader = readerOf([node], handClock());
    await reader.head();
    node.height = 12;
    await reader.head();
    Object.assign(node, { height: 10, fork: 1 });
    expect(await reader.head()).toMatchObject({ number: 10n, hash: hash(10, 1) });
  });

  it("does not take one node's fork for the chain while another node is silent", async () => {
    const [a, b] = [new Node(9), new Node(12)];
    const reader = readerOf([a, b], handClock());
    await reader.head();
    b.down = true;
    Object.assign(a, { height: 10, fork: 1 });
    expect(await reader.head()).toMatchObject({ number: 12n, hash: hash(12) });
  });

  it("calls a block final only when two of several nodes agree", async () => {
    const [a, b] = [new Node(20), new Node(18)];
    const reader = readerOf([a, b], handClock());
    expect((await reader.finalized()).number).toBe(13n);
    b.fork = 1;
    await expect(reader.finalized()).rejects.toMatchObject({
      code: "chain-unavailable",
      message: expect.stringContaining("two chain nodes agree"),
    });
  });

  it("says why a contract refused", async () => {
    await expect(readerOf([new Node(1)], handClock()).call(hash(1), "0x")).rejects.toMatchObject({
      code: "call-reverted",
      data: { reason: "InsufficientCash", args: { cash: "1", needed: "2" } },
    });
  });
});

describe("finality by depth and age", () => {
  it("takes the newest block that is deep and old enough, whatever was final before", async () => {
    const at = (n: bigint) => ({
      number: n,
      hash: hash(Number(n)),
      parentHash: hash(Number(n) - 1),
      timestamp: n < 50n ? n : n * 2n,
    });
    const find = (head: bigint, known: bigint) =>
      newestFinal(at(head), { depth: 3, ageSeconds: 5 }, known, async (n) => at(n));
    expect((await find(100n, 0n))?.number).toBe(97n);
    expect((await find(40n, 0n))?.number).toBe(35n);
    expect((await find(40n, 39n))?.number).toBe(35n);
    expect((await find(51n, 0n))?.number).toBe(48n);
    expect((await find(1n, 0n))?.number).toBe(0n);
  });

  it("is read from a setting", () => {
    expect(parseFinality("finalized")).toEqual({ tag: "finalized" });
    expect(parseFinality("3:5")).toEqual({ depth: 3, ageSeconds: 5 });
    expect(() => parseFinality("3")).toThrow(expect.objectContaining({ code: "bad-usage" }));
  });
});

describe("ranges of logs", () => {
  it("shrink to what a node gives and grow again", async () => {
    const ranges = new LogRanges(64n);
    const asked: [bigint, bigint][] = [];
    const read = async (from: bigint, to: bigint) => {
      asked.push([from, to]);
      if (to - from >= 10n) throw new RpcFailure("refused", "query returned more than 10000 results");
      return [];
    };
    await ranges.read(0n, 40n, read);
    const good = asked.filter(([from, to]) => to - from < 10n);
    expect(good[0]?.[0]).toBe(0n);
    expect(good.at(-1)?.[1]).toBe(40n);
    for (const [i, [from]] of good.entries()) if (i > 0) expect(from).toBe((good[i - 1]?.[1] ?? 0n) + 1n);
  });

  it("give up at one block, and at once when the node is away", async () => {
    const ranges = new LogRanges(64n);
    await expect(ranges.read(5n, 5n, () => Promise.reject(new RpcFailure("refused", "no")))).rejects.toThrow("no");
    let asked = 0;
    const away = () => {
      asked += 1;
      return Promise.reject(new RpcFailure("unreachable", "connection refused"));
    };
    await expect(ranges.read(0n, 63n, away)).rejects.toThrow("refused");
    expect(asked).toBe(1);
  });
});
