import type { Hex } from "@corepool/core/hex";
import type { BlockHeader, RawLog } from "@corepool/core/ports/chain";

/** One JSON-RPC endpoint of a chain. */
export interface Endpoint {
  /** For messages: without credentials or query. */
  readonly name: string;
  /** Rejects with RpcFailure only. */
  request(method: string, params: readonly unknown[]): Promise<unknown>;
}

/**
 * Why a request gave no result. `unreachable`: no answer, or one that says "later" (time-outs, 429, 5xx): another
 * endpoint may do. `reverted`: a call ran and the contract refused. `refused`: the node understood and said no.
 */
export class RpcFailure extends Error {
  readonly kind: "unreachable" | "reverted" | "refused";
  /** JSON-RPC error code, when there was one. */
  readonly code: number | undefined;
  /** Revert data, when there was some. */
  readonly data: Hex | undefined;
  /** How long the node asked to be left alone, milliseconds (HTTP's Retry-After). */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: RpcFailure["kind"],
    message: string,
    details: {
      readonly code?: number | undefined;
      readonly data?: Hex | undefined;
      readonly retryAfterMs?: number | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "RpcFailure";
    this.kind = kind;
    this.code = details.code;
    this.data = details.data;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** A quantity as JSON-RPC writes it. */
export const quantity = (value: bigint | number): Hex => `0x${value.toString(16)}`;

type Json = Readonly<Record<string, unknown>>;

function field(object: Json, key: string): Hex {
  const value = object[key];
  if (typeof value !== "string" || !value.startsWith("0x"))
    throw new RpcFailure("unreachable", `the node's answer lacks ${key}`);
  return value as Hex;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A block as eth_getBlockBy* gives it; undefined for null, and for a pending block (it has no hash yet). */
export function parseHeader(answer: unknown): BlockHeader | undefined {
  if (!isObject(answer) || answer.hash === null) return undefined;
  return {
    number: BigInt(field(answer, "number")),
    hash: field(answer, "hash"),
    parentHash: field(answer, "parentHash"),
    timestamp: BigInt(field(answer, "timestamp")),
    logsBloom: typeof answer.logsBloom === "string" ? (answer.logsBloom as Hex) : undefined,
  };
}

/** Logs as eth_getLogs gives them; pending and removed ones are left out. */
export function parseLogs(answer: unknown): readonly RawLog[] {
  if (!Array.isArray(answer)) throw new RpcFailure("unreachable", "the node's answer is not a list of logs");
  return answer
    .filter((log): log is Json => isObject(log) && log.removed !== true && typeof log.blockHash === "string")
    .map((log) => ({
      address: field(log, "address"),
      topics: Array.isArray(log.topics) ? (log.topics as Hex[]) : [],
      data: field(log, "data"),
      blockNumber: BigInt(field(log, "blockNumber")),
      blockHash: field(log, "blockHash"),
      transactionHash: field(log, "transactionHash"),
      logIndex: Number(field(log, "logIndex")),
    }));
}

/** A mined transaction's outcome; undefined while there is no receipt. */
export function parseReceipt(answer: unknown) {
  if (!isObject(answer) || answer.blockHash === null) return undefined;
  return {
    hash: field(answer, "transactionHash"),
    blockNumber: BigInt(field(answer, "blockNumber")),
    blockHash: field(answer, "blockHash"),
    status: BigInt(field(answer, "status")) === 1n ? ("success" as const) : ("reverted" as const),
    gasUsed: BigInt(field(answer, "gasUsed")),
  };
}
