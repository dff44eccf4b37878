import { CorepoolError } from "@corepool/core/errors";
import type { Address, Hex } from "@corepool/core/hex";
import type { BlockHeader, ChainReader, RawLog } from "@corepool/core/ports/chain";
import type { Clock } from "@corepool/core/ports/clock";
import { type Assembled, assemble, digestOf, sortLogs } from "./assemble.ts";
import { type Plan, type PlanLimits, plan } from "./plan.ts";
import type { BlockLogs, FollowerState, KeptBlock } from "./state.ts";
import { CursorMoved, type FollowerStore } from "./store.ts";

/** What is done with the chain's logs, in the transaction that also moves the cursor. */
export interface Handlers<T> {
  /** Called for each log of the followed contracts, once and in order. May be undone later. */
  log(tx: T, log: RawLog, block: BlockHeader): Promise<void>;
  /** Called after blocks were undone, with what they changed already put back; newest last. */
  undone?(tx: T, blocks: readonly KeptBlock[]): Promise<void>;
}

export interface FollowerOptions<T> {
  readonly reader: ChainReader;
  readonly store: FollowerStore<T>;
  readonly addresses: readonly Address[];
  readonly handlers: Handlers<T>;
  readonly clock: Clock;
  /** Milliseconds between two looks at the head. Default 500. */
  readonly pollMs?: number;
  readonly limits?: Partial<PlanLimits>;
  /** Told after each step that changed something. */
  readonly onStep?: (status: FollowerStatus) => void;
  /** Told of everything that a later try may mend: nodes that do not answer, answers that do not fit. */
  readonly onProblem?: (problem: unknown) => void;
}

/** How far the follower is behind, for health and metrics. */
export interface FollowerStatus {
  readonly cursor: bigint;
  readonly head: bigint | undefined;
  readonly caughtUp: boolean;
  /** Blocks up to here are final and what was applied of them was read twice, by two nodes where there are several; -1: none yet. */
  readonly confirmed: bigint;
  /** Blocks undone since the start. */
  readonly undone: number;
}

const LIMITS: PlanLimits = { batch: 64n, bulk: 2_000n, retain: 128n };
/** How often an empty answer that the block's filter contradicts is asked for again: filters err, nodes lag. */
const EMPTY_TRIES = 5;

/**
 * Follows a chain by polling, through re-orgs, lagging nodes and restarts: what its handlers have written always equals
 * one straight reading of some chain up to the cursor, and of the node's chain once the follower has caught up.
 * A step is a transaction of the store, so a crash between any two leaves nothing half done. When blocks become final,
 * their logs are read a second time and compared; a difference (a truncated answer) undoes and reads them again.
 */
export class Follower<T> {
  readonly #options: FollowerOptions<T>;
  readonly #limits: PlanLimits;
  readonly #stop = new AbortController();
  readonly #empty = new Map<Hex, number>();
  #nudge = new AbortController();
  #state: FollowerState | undefined;
  #head: BlockHeader | undefined;
  #verified = -1n;
  #confirmed = -1n;
  #caughtUp = false;
  /** The head at which nothing was left to do. */
  #quiet: Hex | undefined;
  #undone = 0;
  #loop: Promise<void> | undefined;

  constructor(options: FollowerOptions<T>) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
  }

  get status(): FollowerStatus {
    return {
      cursor: this.#state?.cursor.number ?? -1n,
      head: this.#head?.number,
      caughtUp: this.#caughtUp,
      confirmed: this.#confirmed,
      undone: this.#undone,
    };
  }

  /** Begins to follow, in the background. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Stops after the step that is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.nudge();
    await this.#loop;
  }

  /** Looks at the chain at once: call it after sending a transaction. */
  nudge(): void {
    this.#nudge.abort();
  }

  async #run(): Promise<void> {
    const { clock, pollMs = 500, onStep, onProblem } = this.#options;
    while (!this.#stop.signal.aborted) {
      this.#nudge = new AbortController();
      const nudged = this.#nudge.signal;
      let again = false;
      try {
        again = await this.step();
        if (again) onStep?.(this.status);
      } catch (error) {
        if (!(error instanceof CursorMoved)) onProblem?.(error);
        else {
          this.#state = undefined;
          this.#verified = -1n;
          this.#confirmed = -1n;
        }
      }
      if (!again && !this.#stop.signal.aborted) await clock.sleep(pollMs, nudged).catch(() => undefined);
    }
  }

  /** One step: reads what it needs and commits at most one transaction. True when there may be more to do at once. */
  async step(): Promise<boolean> {
    const { reader, store } = this.#options;
    const state = this.#state ?? (await store.load());
    this.#state = state;
    const head = await reader.head();
    this.#head = head;
    if (head.hash === this.#quiet) return false;
    const finalNumber = (await reader.finalized()).number;
    const next = await this.#plan(state, head, finalNumber);
    switch (next.kind) {
      case "undo":
        await this.#undo(state, next.to);
        return true;
      case "read":
        if (!next.bulk) return this.#readLive(state, next.from, next.to);
        // What was applied near the head must be verified before bulk makes it irrevocable.
        return (await this.#correct(state, finalNumber)) || this.#readBulk(state, next.from, next.to);
      case "broken":
        throw new CorepoolError("chain-unavailable", {
          detail: `The chain has another block ${next.at} than was followed, deeper than can be undone.`,
          next: "Connect to the right chain; if this one was begun anew, begin the market anew (locally: corepool reset).",
        });
      case "wait":
        this.#caughtUp = next.caughtUp;
        if (!next.caughtUp) return false;
        if (await this.#settle(state, finalNumber)) return true;
        // What is final follows from the head: until it moves there is nothing to look at.
        this.#quiet = head.hash;
        return false;
      case "ask":
        return false;
    }
  }

  async #plan(state: FollowerState, head: BlockHeader, finalNumber: bigint): Promise<Plan> {
    const hashes = new Map<bigint, Hex | undefined>();
    for (;;) {
      const next = plan(state, { head, finalNumber, hashes }, this.#limits);
      if (next.kind !== "ask") return next;
      await Promise.all(
        next.numbers.map(async (number) =>
          hashes.set(number, (await this.#options.reader.blockByNumber(number))?.hash),
        ),
      );
    }
  }

  async #undo(state: FollowerState, to: FollowerState["cursor"]): Promise<void> {
    const { store, handlers } = this.#options;
    await store.undo(state.cursor, to, async (tx, blocks) => handlers.undone?.(tx, blocks));
    this.#undone += Number(state.cursor.number - to.number);
    if (this.#verified > to.number) this.#verified = to.number;
    if (this.#confirmed > to.number) this.#confirmed = to.number;
    this.#quiet = undefined;
    this.#state = undefined;
  }

  /** Blocks near the head: every header is read, so that they chain up and can be undone. */
  async #readLive(state: FollowerState, from: bigint, to: bigint): Promise<boolean> {
    const { reader, addresses } = this.#options;
    const numbers = Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i));
    const [headers, logs] = await Promise.all([
      Promise.all(numbers.map((number) => reader.blockByNumber(number))),
      reader.logs({ from, to, addresses }),
    ]);
    const believedEmpty = new Set([...this.#empty].filter(([, tries]) => tries >= EMPTY_TRIES).map(([hash]) => hash));
    return this.#apply(state, assemble({ cursor: state.cursor, headers, logs, addresses, believedEmpty }), true);
  }

  /** Blocks that are long final: two equal readings of the logs, and the headers of the blocks that have some. */
  async #readBulk(state: FollowerState, from: bigint, to: bigint): Promise<boolean> {
    const { reader, addresses } = this.#options;
    const first = sortLogs(await reader.logs({ from, to, addresses }));
    const second = sortLogs(await reader.logs({ from, to, addresses, confirmed: true }));
    const numbers = [...new Set([...first.keys(), ...second.keys(), to])]
      .filter((n) => n >= from && n <= to)
      .sort((a, b) => (a < b ? -1 : 1));
    const headers = await Promise.all(numbers.map((number) => reader.blockByNumber(number)));
    const blocks: BlockLogs[] = [];
    for (const [i, number] of numbers.entries()) {
      const header = headers[i];
      const logs = first.get(number) ?? [];
      const digest = digestOf(logs);
      if (
        header === undefined ||
        digest !== digestOf(second.get(number) ?? []) ||
        logs.some((log) => log.blockHash !== header.hash)
      ) {
        return this.#apply(state, { doubt: `two readings of block ${number} differ` }, false);
      }
      blocks.push({ header, logs, digest });
    }
    return this.#apply(state, { blocks }, false);
  }

  async #apply(state: FollowerState, assembled: Assembled, undoable: boolean): Promise<boolean> {
    const { store, handlers, onProblem } = this.#options;
    this.#caughtUp = false;
    this.#quiet = undefined;
    if ("doubt" in assembled) {
      if (assembled.empty !== undefined) this.#empty.set(assembled.empty, (this.#empty.get(assembled.empty) ?? 0) + 1);
      onProblem?.(
        new CorepoolError("chain-unavailable", {
          detail: `The chain node's answers do not fit: ${assembled.doubt}.`,
          next: "They are read again.",
        }),
      );
      return false;
    }
    await store.advance(state.cursor, assembled.blocks, undoable, async (tx, { header, logs }) => {
      for (const log of logs) await handlers.log(tx, log, header);
    });
    this.#empty.clear();
    this.#state = undefined;
    return true;
  }

  /** Forgets how to undo what lies far enough behind finality, once it was read a second time. True when it was wrong. */
  async #settle(state: FollowerState, finalNumber: bigint): Promise<boolean> {
    if (await this.#correct(state, finalNumber)) return true;
    const number = finalNumber - this.#limits.retain;
    if (number > state.pruned && state.blocks.some((block) => block.number === number)) {
      await this.#options.store.prune(state.cursor, number);
      this.#state = undefined;
    }
    return false;
  }

  /** Reads newly final blocks a second time; where that differs from what was applied, undoes it. True when it did. */
  async #correct(state: FollowerState, finalNumber: bigint): Promise<boolean> {
    const { reader, addresses } = this.#options;
    const fresh = state.blocks.filter(
      (block) => block.number <= finalNumber && block.number > this.#verified && block.number > state.pruned,
    );
    const from = fresh[0]?.number;
    const to = fresh.at(-1)?.number;
    const confirmed = finalNumber < state.cursor.number ? finalNumber : state.cursor.number;
    if (from === undefined || to === undefined) {
      this.#confirmed = confirmed;
      return false;
    }
    const logs = sortLogs(await reader.logs({ from, to, addresses, confirmed: true }));
    const wrong = fresh.find((block) => digestOf(logs.get(block.number) ?? []) !== block.logsDigest);
    if (wrong === undefined) {
      this.#verified = to;
      this.#confirmed = confirmed;
      return false;
    }
    const before = state.blocks.find((block) => block.number === wrong.number - 1n);
    await this.#undo(state, { number: wrong.number - 1n, hash: before?.hash });
    return true;
  }
}
