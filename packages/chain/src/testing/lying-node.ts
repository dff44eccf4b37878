import { createServer, type Server, type ServerResponse } from "node:http";
import type { Hex } from "@corepool/core/hex";
import { keccak256 } from "viem";
import { type Endpoint, RpcFailure } from "../rpc.ts";

/** How one answer of a node is wrong, if it is. */
export type Lie =
  | "truth"
  /** `latest` is some blocks old. */
  | "lagging"
  /** `latest` is a block that does not exist, far ahead. */
  | "future"
  /** The same, but no further than a node may be ahead of others. */
  | "soon"
  /** Blocks with another hash. */
  | "other-fork"
  | "missing-block"
  | "empty-logs"
  | "truncated-logs"
  /** Each log twice, the last first. */
  | "duplicate-logs"
  /** The logs carry the hash of a block that is not in the chain. */
  | "foreign-logs"
  /** One more log, in every block that has some, that no contract emitted. */
  | "forged-log"
  | "no-receipt"
  | "forged-receipt"
  /** A transaction is taken and passed on to nobody. */
  | "swallow"
  | "429"
  | "429-wait"
  | "hang"
  | "reset"
  | "garbage"
  | "wrong-chain";

export const LIES: readonly Lie[] = [
  "lagging",
  "future",
  "soon",
  "other-fork",
  "missing-block",
  "empty-logs",
  "truncated-logs",
  "duplicate-logs",
  "foreign-logs",
  "forged-log",
  "no-receipt",
  "forged-receipt",
  "429",
  "429-wait",
  "hang",
  "reset",
  "garbage",
  "wrong-chain",
];

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}
type Json = Readonly<Record<string, unknown>>;

const other = (hash: unknown): string => `0x${"e".repeat(8)}${String(hash).slice(10)}`;
const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** A JSON-RPC server before a real node that passes its answers on, each as true as `draw` says. */
export interface LyingNode {
  readonly url: string;
  /** Requests so far, by method. */
  readonly asked: ReadonlyMap<string, number>;
  end(): Promise<void>;
}

/** Starts one on a free port. `draw` is asked for each request. */
export async function lyingNode(honest: Endpoint, draw: (method: string) => Lie): Promise<LyingNode> {
  const asked = new Map<string, number>();
  const hanging = new Set<ServerResponse>();

  async function truth(call: Call): Promise<unknown> {
    return honest.request(call.method, call.params);
  }

  async function header(call: Call, lie: Lie): Promise<unknown> {
    const [tag] = call.params;
    if (lie === "missing-block" && tag !== "latest") return null;
    const block = (await truth(call)) as Json | null;
    if (block === null) return null;
    const number = BigInt(String(block.number));
    if (lie === "other-fork") return { ...block, hash: other(block.hash) };
    if (tag !== "latest") return block;
    if (lie === "lagging") return honest.request("eth_getBlockByNumber", [hex(number > 4n ? number - 4n : 0n), false]);
    // As good as a lie gets: old enough to make everything before it final.
    const ahead = lie === "future" ? 40n : lie === "soon" ? 8n : 0n;
    if (ahead === 0n) return block;
    return { ...block, number: hex(number + ahead), hash: other(block.hash), timestamp: "0xffffffff" };
  }

  async function logs(call: Call, lie: Lie): Promise<unknown> {
    const found = (await truth(call)) as readonly Json[];
    if (lie === "empty-logs") return [];
    if (lie === "truncated-logs") return found.slice(0, -1);
    if (lie === "duplicate-logs") return [...found, ...found].reverse();
    if (lie === "foreign-logs") return found.map((log) => ({ ...log, blockHash: other(log.blockHash) }));
    if (lie !== "forged-log") return found;
    // The same for every question, so that asking twice does not find it out.
    return found.flatMap((log, i) =>
      found[i + 1]?.blockNumber === log.blockNumber
        ? [log]
        : [log, { ...log, data: `0x${"f".repeat(64)}`, logIndex: hex(BigInt(String(log.logIndex)) + 1n) }],
    );
  }

  async function receipt(call: Call, lie: Lie): Promise<unknown> {
    const found = (await truth(call)) as Json | null;
    if (lie === "no-receipt") return null;
    if (lie !== "forged-receipt") return found;
    const block = (await honest.request("eth_getBlockByNumber", ["latest", false])) as Json;
    return {
      transactionHash: call.params[0],
      blockNumber: block.number,
      blockHash: block.hash,
      status: "0x1",
      gasUsed: "0x5208",
      logs: [],
    };
  }

  async function result(call: Call, lie: Lie): Promise<unknown> {
    if (call.method === "eth_chainId" && lie === "wrong-chain") return "0x1";
    if (call.method === "eth_getBlockByNumber") return header(call, lie);
    if (call.method === "eth_getLogs") return logs(call, lie);
    if (call.method === "eth_getTransactionReceipt") return receipt(call, lie);
    if (call.method === "eth_sendRawTransaction" && lie === "swallow") return keccak256(String(call.params[0]) as Hex);
    return truth(call);
  }

  async function answer(call: Call, response: ServerResponse): Promise<void> {
    asked.set(call.method, (asked.get(call.method) ?? 0) + 1);
    const lie = draw(call.method);
    if (lie === "hang") {
      hanging.add(response);
      return;
    }
    if (lie === "reset") {
      response.destroy();
      return;
    }
    if (lie === "429" || lie === "429-wait") {
      response.writeHead(429, lie === "429" ? {} : { "retry-after": "2" }).end("slow down");
      return;
    }
    if (lie === "garbage") {
      response.writeHead(200, { "content-type": "application/json" }).end('{"jsonrpc":"2.0","id":1,"resu');
      return;
    }
    const body = await result(call, lie).then(
      (value) => ({ jsonrpc: "2.0", id: call.id, result: value }),
      (error: unknown) => ({
        jsonrpc: "2.0",
        id: call.id,
        error: {
          code: error instanceof RpcFailure ? (error.code ?? -32_000) : -32_000,
          message: error instanceof Error ? error.message : String(error),
        },
      }),
    );
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  const server: Server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.once("end", () => {
      answer(JSON.parse(text) as Call, response).catch(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    asked,
    async end() {
      for (const response of hanging) response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
