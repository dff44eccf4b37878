import type { Hex } from "@corepool/core/hex";
import type { BlockHeader } from "@corepool/core/ports/chain";

const REMEMBERED = 256;

/** What is known when a head arrives. */
export interface HeadContext {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Whether every configured endpoint answered, so that no other one could know of a higher head. */
  readonly complete: boolean;
  /** The hash that the node has at a height. */
  readonly hashAt: (number: bigint) => Promise<Hex | undefined>;
}

/**
 * Keeps the head from going back without a reason. A lower head is a node that lags behind what it (or its twin behind
 * the same load balancer) said before, unless it has another block at a height that is remembered, or stays lower
 * longer than patience allows: then the chain was re-organised, or its node came back older, and the head is believed.
 */
export class HeadWatch {
  readonly #patienceMs: number;
  readonly #hashes = new Map<bigint, Hex>();
  #top: BlockHeader | undefined;
  #lowerSince: number | undefined;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** The head to go by: the new one, or the remembered one while the new one only lags. */
  async accept(head: BlockHeader, context: HeadContext): Promise<BlockHeader> {
    const top = this.#top;
    if (top === undefined || head.number >= top.number) return this.#take(head);
    if (await this.#differs(head, context)) return this.#take(head);
    this.#lowerSince ??= context.now;
    if (context.now - this.#lowerSince >= this.#patienceMs) return this.#take(head);
    return top;
  }

  async #differs(head: BlockHeader, context: HeadContext): Promise<boolean> {
    if (!context.complete) return false;
    const known = [...this.#hashes.keys()].filter((number) => number <= head.number);
    const highest = known.sort((a, b) => Number(b - a))[0];
    if (highest === undefined) return false;
    const hash = highest === head.number ? head.hash : await context.hashAt(highest);
    return hash !== undefined && hash !== this.#hashes.get(highest);
  }

  #take(head: BlockHeader): BlockHeader {
    this.#lowerSince = undefined;
    this.#top = head;
    for (const number of this.#hashes.keys()) if (number > head.number) this.#hashes.delete(number);
    this.#hashes.delete(head.number);
    this.#hashes.set(head.number, head.hash);
    const oldest = this.#hashes.keys().next().value;
    if (this.#hashes.size > REMEMBERED && oldest !== undefined) this.#hashes.delete(oldest);
    return head;
  }
}
