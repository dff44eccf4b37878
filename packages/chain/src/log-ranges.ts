import type { RawLog } from "@corepool/core/ports/chain";
import { RpcFailure } from "./rpc.ts";

/**
 * Reads logs in ranges that fit what the node gives: a range that fails is halved (too many results, time-outs), one
 * that succeeds lets the next be twice as long. What one block does not give is an error.
 */
export class LogRanges {
  readonly #largest: bigint;
  #size: bigint;

  constructor(largest = 10_000n) {
    this.#largest = largest;
    this.#size = largest;
  }

  /** Blocks that the next request will ask for at most. */
  get size(): bigint {
    return this.#size;
  }

  /** All logs of the inclusive range, in order of blocks. `read` asks the node once and rejects with RpcFailure. */
  async read(
    from: bigint,
    to: bigint,
    read: (from: bigint, to: bigint) => Promise<readonly RawLog[]>,
  ): Promise<readonly RawLog[]> {
    const logs: RawLog[] = [];
    for (let next = from; next <= to; ) {
      const last = next + this.#size - 1n < to ? next + this.#size - 1n : to;
      try {
        logs.push(...(await read(next, last)));
        next = last + 1n;
        this.#size = this.#size * 2n < this.#largest ? this.#size * 2n : this.#largest;
      } catch (error) {
        if (last === next || !mayBeTooMuch(error)) throw error;
        this.#size = (last - next + 1n) / 2n;
      }
    }
    return logs;
  }
}

/** Nodes say "too much" in many ways; a plain refusal is taken for one too, because at one block it surfaces anyway. */
function mayBeTooMuch(error: unknown): boolean {
  if (!(error instanceof RpcFailure)) return false;
  return (
    error.kind === "refused" || error.code === -32005 || /timed? ?out|too (large|many|long)|exceed/i.test(error.message)
  );
}
