import type { Hex } from "@corepool/core/hex";
import { createClient, HttpRequestError, http, RpcRequestError } from "viem";
import { type Endpoint, RpcFailure } from "../rpc.ts";

/** JSON-RPC error codes that mean "not now" (EIP-1474 limit exceeded, resource unavailable; providers' rate limits). */
const LATER = new Set([-32005, -32002, 429]);

/** An endpoint over HTTP. `timeoutMs`: longest wait for one answer. */
export function httpEndpoint(url: string, timeoutMs = 10_000): Endpoint {
  const client = createClient({
    transport: http(url, { retryCount: 0, timeout: timeoutMs, maxResponseBodySize: 2 ** 28 }),
  });
  const { protocol, host } = new URL(url);
  return {
    name: `${protocol}//${host}`,
    async request(method, params) {
      try {
        return await client.request({ method, params } as Parameters<typeof client.request>[0]);
      } catch (error) {
        throw failureOf(error);
      }
    },
  };
}

/** viem wraps what the node said, sometimes twice: the innermost answer decides. */
function failureOf(error: unknown): RpcFailure {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof RpcRequestError) {
      const message = cause.details;
      const data = revertData(cause.data);
      if (cause.code === 3 || data !== undefined || /revert/i.test(message))
        return new RpcFailure("reverted", message, { code: cause.code, data, cause: error });
      if (LATER.has(cause.code) || /rate limit|too many requests/i.test(message))
        return new RpcFailure("unreachable", message, { code: cause.code, cause: error });
      return new RpcFailure("refused", message, { code: cause.code, cause: error });
    }
    if (cause instanceof HttpRequestError && cause.status === 413)
      return new RpcFailure("refused", cause.details, { code: 413, cause: error });
  }
  return new RpcFailure(
    "unreachable",
    error instanceof Error && "shortMessage" in error ? String(error.shortMessage) : String(error),
    { retryAfterMs: retryAfterOf(error), cause: error },
  );
}

/** Retry-After of a refusal, in seconds or as a date (RFC 9110, 10.2.3), as milliseconds from now. */
function retryAfterOf(error: unknown): number | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (!(cause instanceof HttpRequestError)) continue;
    const text = cause.headers?.get("retry-after") ?? "";
    const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
    return Number.isFinite(ms) && ms > 0 ? ms : undefined;
  }
  return undefined;
}

function revertData(data: unknown): Hex | undefined {
  if (typeof data === "string" && data.startsWith("0x")) return data as Hex;
  if (typeof data === "object" && data !== null && "data" in data) return revertData(data.data);
  return undefined;
}
