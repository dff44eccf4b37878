import { CorepoolError } from "@corepool/core/errors";
import type { Clock } from "@corepool/core/ports/clock";
import { decodeRevert } from "@corepool/protocol/market/reverts";
import { type Endpoint, RpcFailure } from "./rpc.ts";

const FIRST_REST_MS = 500;
const LONGEST_REST_MS = 30_000;
/** A node that asks for more is asked again all the same: nobody else may be there. */
const LONGEST_WISH_MS = 60_000;

interface Health {
  readonly endpoint: Endpoint;
  failures: number;
  restsUntil: number;
  /** It asked not to be asked before: then it is not, even when nobody else is there. */
  silentUntil: number;
  /** Whether its chain id was checked since it last failed: another node may come back at the same address. */
  verified: boolean;
}

/**
 * Several endpoints of one chain, tried in their order; one that fails rests for a while (0.5 s, doubling to 30 s), but
 * when all rest they are tried anyway, unless they asked for the rest themselves (Retry-After). None is used before it
 * has shown the right chain id; one of another chain is as good as none while there are others.
 */
export class Endpoints {
  readonly chainId: number;
  readonly #members: readonly Health[];
  readonly #clock: Clock;
  #preferred = 0;

  constructor(chainId: number, endpoints: readonly Endpoint[], clock: Clock) {
    if (endpoints.length === 0) throw new RangeError("a chain needs at least one endpoint");
    this.chainId = chainId;
    this.#clock = clock;
    this.#members = endpoints.map((endpoint) => ({
      endpoint,
      failures: 0,
      restsUntil: 0,
      silentUntil: 0,
      verified: false,
    }));
  }

  get size(): number {
    return this.#members.length;
  }

  /** Which endpoint `first` asks first: the one that is furthest ahead. */
  prefer(index: number): void {
    this.#preferred = index;
  }

  /** The first endpoint's answer that is one. Rejects with `chain-unavailable`, `wrong-chain` or `call-reverted`. */
  async first<T>(ask: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    let last: unknown;
    for (const member of this.#inOrder()) {
      try {
        return await this.#ask(member, ask);
      } catch (error) {
        if (!isNoAnswer(error)) throw problemOf(error);
        last = error;
      }
    }
    throw problemOf(last ?? this.#allSilent());
  }

  /** What every reachable endpoint answers, with its number; rejects as `first` when none does. */
  async every<T>(
    ask: (endpoint: Endpoint) => Promise<T>,
  ): Promise<readonly { readonly index: number; readonly value: T }[]> {
    const now = this.#clock.monotonic();
    const awake = this.#members.filter((m) => m.restsUntil <= now);
    const asked = awake.length > 0 ? awake : this.#members.filter((m) => m.silentUntil <= now);
    const answers = await Promise.allSettled(asked.map((member) => this.#ask(member, ask)));
    const values = answers.flatMap((answer, i) => {
      const member = asked[i];
      return answer.status === "fulfilled" && member !== undefined
        ? [{ index: this.#members.indexOf(member), value: answer.value }]
        : [];
    });
    const refused = answers.find((answer) => answer.status === "rejected");
    if (values.length === 0) throw problemOf(refused?.reason ?? this.#allSilent());
    return values;
  }

  /** One endpoint's answer, by its number. */
  async only<T>(index: number, ask: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    const member = this.#members[index];
    if (member === undefined) throw new RangeError(`no endpoint ${index}`);
    try {
      return await this.#ask(member, ask);
    } catch (error) {
      throw problemOf(error);
    }
  }

  #inOrder(): readonly Health[] {
    const now = this.#clock.monotonic();
    const preferred = this.#members[this.#preferred];
    const order =
      preferred === undefined ? this.#members : [preferred, ...this.#members.filter((m) => m !== preferred)];
    const asked = order.filter((m) => m.silentUntil <= now);
    return [...asked.filter((m) => m.restsUntil <= now), ...asked.filter((m) => m.restsUntil > now)];
  }

  #allSilent(): RpcFailure {
    const soonest = Math.min(...this.#members.map((m) => m.silentUntil)) - this.#clock.monotonic();
    return new RpcFailure("unreachable", `every node asked to be left alone, the first for ${Math.ceil(soonest)} ms`);
  }

  async #ask<T>(member: Health, ask: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    try {
      if (!member.verified) await this.#verify(member);
      const value = await ask(member.endpoint);
      member.failures = 0;
      member.restsUntil = 0;
      return value;
    } catch (error) {
      if (isNoAnswer(error)) {
        const now = this.#clock.monotonic();
        const wish = Math.min(LONGEST_WISH_MS, error instanceof RpcFailure ? (error.retryAfterMs ?? 0) : 0);
        member.verified = false;
        member.failures += 1;
        member.silentUntil = now + wish;
        member.restsUntil = now + Math.max(wish, Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (member.failures - 1)));
      }
      throw error;
    }
  }

  async #verify(member: Health): Promise<void> {
    const found = Number(await member.endpoint.request("eth_chainId", []));
    if (found !== this.chainId) {
      throw new CorepoolError("wrong-chain", {
        detail: `The node at ${member.endpoint.name} is of chain ${found}, not ${this.chainId}.`,
        next: "Point the RPC setting at a node of the right chain.",
        data: { found, expected: this.chainId },
      });
    }
    member.verified = true;
  }
}

/** Whether another endpoint should be asked: this one gave no answer, or is none of this chain's. */
const isNoAnswer = (error: unknown): boolean =>
  error instanceof RpcFailure
    ? error.kind === "unreachable"
    : error instanceof CorepoolError && error.code === "wrong-chain";

/** A failure of a node as a problem of the catalogue. Anything else passes through. */
export function problemOf(error: unknown): unknown {
  if (!(error instanceof RpcFailure)) return error;
  if (error.kind === "reverted") {
    const reason = decodeRevert(error.data);
    const text = reason.name === "unknown" && error.data === undefined ? error.message : reason.text;
    return new CorepoolError("call-reverted", {
      detail: `The contract refused: ${text}.`,
      next: "Correct what it names and try again.",
      data: { reason: reason.name, args: reason.args, text },
      cause: error,
    });
  }
  return new CorepoolError("chain-unavailable", {
    detail: `The chain node did not give an answer: ${error.message}`,
    next: "Try again; if it persists, check the node and its URL.",
    cause: error,
  });
}
