import { CorepoolError } from "@corepool/core/errors";
import { gasLimit } from "@corepool/core/gas";
import type { Address, Hex } from "@corepool/core/hex";
import type { ChainReader, ChainWriter, TransactionOutcome, TransactionRequest } from "@corepool/core/ports/chain";
import type { Clock } from "@corepool/core/ports/clock";
import { current, isOver, type Outgoing, type Signed } from "./record.ts";
import { Serial } from "./serial.ts";
import type { SenderStore } from "./store.ts";
import type { Wire } from "./wire.ts";

/** Signs for one account; viem's local accounts fit. */
export interface TransactionSigner {
  readonly address: Address;
  signTransaction(transaction: {
    readonly type: "eip1559";
    readonly chainId: number;
    readonly nonce: number;
    readonly gas: bigint;
    readonly maxFeePerGas: bigint;
    readonly maxPriorityFeePerGas: bigint;
    readonly to: Address;
    readonly data: Hex;
    readonly value: bigint;
  }): Promise<Hex>;
}

export interface SenderOptions {
  readonly signer: TransactionSigner;
  readonly reader: ChainReader;
  readonly wire: Wire;
  readonly store: SenderStore;
  readonly clock: Clock;
  /** Hash of a raw transaction (keccak-256), as it will be known on chain. */
  readonly hashOf: (raw: Hex) => Hex;
  /** Milliseconds without being mined after which the fee is raised. Default 30,000. */
  readonly stuckMs?: number;
  /** Most that is ever bid, wei per gas. Default 500 gwei. */
  readonly maxFeePerGas?: bigint;
  /** Milliseconds between two looks at mined transactions that are not final. Default 500. */
  readonly checkMs?: number;
  /** Milliseconds between two looks for what another sender of the account has left standing. Default 5,000. */
  readonly takeUpMs?: number;
  /** Told of every change of state, also of those that a re-org causes, and of what hinders sending. */
  readonly onChange?: (record: Outgoing) => void;
  readonly onProblem?: (intent: string, problem: unknown) => void;
}

const FIRST_POLL_MS = 1;
const LONGEST_POLL_MS = 1_000;
const RESEND_MS = 2_000;
/** Nodes want at least 10% (some 12.5%) more for a replacement. */
const BUMP_PERCENT = 25n;
/** 500 gwei. */
const HIGHEST_FEE = 500n * 10n ** 9n;

type Waiter = { readonly resolve: (outcome: TransactionOutcome) => void; readonly reject: (error: unknown) => void };

/**
 * Sends the transactions of one account and stands by them until they are final: each is kept before it is sent, sent
 * again after crashes, re-orgs and restarts of the node under the same nonce, and paid more when it is stuck. One
 * sender per account at a time. `send` asks for an intent once, however often it is called; it rejects with
 * `call-reverted` when the contract would refuse it (it was then not sent), and with `interrupted` when the sender
 * stops: then the intent is kept and goes on when a sender starts again.
 */
export class Sender implements ChainWriter {
  readonly address: Address;
  readonly #options: SenderOptions;
  readonly #live = new Map<string, Outgoing>();
  readonly #waiters = new Map<string, Waiter[]>();
  readonly #tasks = new Map<string, Promise<void>>();
  readonly #signing = new Serial();
  readonly #stop = new AbortController();
  /** Unfinished transactions of other senders of the account, as they were at the last look. */
  #others: ReadonlyMap<string, string> = new Map();
  #loop: Promise<void> | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.address = options.signer.address;
  }

  /** Takes up everything that is unfinished. Call once, before `send`. */
  async start(): Promise<void> {
    for (const record of await this.#options.store.unfinished()) {
      this.#live.set(record.intent, record);
      if (record.state !== "mined") this.#pursue(record.intent);
    }
    this.#loop = this.#watchMined();
  }

  /** Stops; what is unfinished stays kept. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([this.#loop, ...this.#tasks.values()]);
    for (const intent of [...this.#waiters.keys()]) this.#settle(intent, interrupted());
  }

  async send(request: TransactionRequest): Promise<TransactionOutcome> {
    if (this.#stop.signal.aborted) throw interrupted();
    const record = this.#live.get(request.intent) ?? (await this.#options.store.add(request));
    if (record.failure !== undefined) throw problemOf(record);
    if (record.outcome !== undefined && record.state !== "sent") return record.outcome;
    const known = this.#live.get(record.intent);
    if (known?.outcome !== undefined && known.state !== "sent") return known.outcome;
    if (known === undefined) this.#live.set(record.intent, record);
    return new Promise((resolve, reject) => {
      this.#waiters.set(record.intent, [...(this.#waiters.get(record.intent) ?? []), { resolve, reject }]);
      this.#pursue(record.intent);
    });
  }

  /** Brings an intent to the state mined or failed, in the background; one task per intent. */
  #pursue(intent: string): void {
    if (this.#tasks.has(intent)) return;
    const task = this.#bring(intent).finally(() => this.#tasks.delete(intent));
    this.#tasks.set(intent, task);
  }

  async #bring(intent: string): Promise<void> {
    const clock = this.#options.clock;
    let wait = FIRST_POLL_MS;
    let sentAt: number | undefined;
    let signedAt = clock.monotonic();
    let broadcast: string | undefined;
    while (!this.#stop.signal.aborted) {
      const record = this.#live.get(intent);
      if (record === undefined || (record.state !== "queued" && record.state !== "sent")) return;
      try {
        const form = current(record);
        if (form === undefined) {
          await this.#signFirst(record);
          signedAt = clock.monotonic();
          continue;
        }
        if (broadcast !== form.hash || sentAt === undefined || clock.monotonic() - sentAt >= RESEND_MS) {
          await this.#push(record, form);
          broadcast = form.hash;
          sentAt = clock.monotonic();
          wait = FIRST_POLL_MS;
        }
        if (await this.#lookForReceipt(record)) return;
        if (clock.monotonic() - signedAt >= (this.#options.stuckMs ?? 30_000) && this.#isNext(record)) {
          await this.#raise(record, form);
          signedAt = clock.monotonic();
          continue;
        }
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (isRefusal(error) && current(record) === undefined) {
          if (await this.#giveUp(record, error)) return;
        } else this.#options.onProblem?.(intent, error);
        wait = Math.max(wait, 50);
      }
      await clock.sleep(wait, this.#stop.signal).catch(() => undefined);
      wait = Math.min(LONGEST_POLL_MS, Math.ceil(wait * 1.5));
    }
  }

  /** Estimates, takes a nonce, signs and keeps: only then may it be sent. */
  async #signFirst(record: Outgoing): Promise<void> {
    const { wire } = this.#options;
    const [gas, fees] = await Promise.all([this.#gas(record), wire.fees()]);
    await this.#signing.run(async () => {
      await this.#sign(record, gas, fees, await this.#freeNonce());
    });
  }

  #gas(record: Outgoing): Promise<bigint> {
    const { to, data, value } = record;
    return this.#options.wire.estimate({ from: this.address, to, data, value }).then(gasLimit);
  }

  async #freeNonce(): Promise<number> {
    const taken = [...this.#live.values()]
      .filter((r) => r.state !== "queued")
      .map((r) => (current(r)?.nonce ?? -1) + 1);
    return Math.max(await this.#options.wire.count(this.address, "pending"), ...taken, 0);
  }

  async #sign(
    record: Outgoing,
    gas: bigint,
    fees: { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint },
    nonce: number,
  ): Promise<void> {
    const { signer, reader, hashOf } = this.#options;
    const { to, data, value } = record;
    const raw = await signer.signTransaction({
      type: "eip1559",
      chainId: reader.chainId,
      nonce,
      gas,
      ...fees,
      to,
      data,
      value,
    });
    const signed: Signed = { nonce, hash: hashOf(raw), raw, gas, ...fees };
    await this.#keep({ ...record, state: "sent", signed: [...record.signed, signed] });
  }

  /** Gives the node the newest form; learns whether its nonce is gone or its fee too low. */
  async #push(record: Outgoing, form: Signed): Promise<void> {
    const answer = await this.#options.wire.broadcast(form.raw);
    if (answer === "accepted") return;
    if (answer === "underpriced") {
      // A pause before and after, so that a node that is never content cannot drive the fee up at the speed of the loop.
      await this.#options.clock.sleep(RESEND_MS / 4, this.#stop.signal);
      return this.#raise(record, form);
    }
    if (answer === "nonce-used") {
      if (await this.#lookForReceipt(record)) return;
      return this.#renonce(record, form);
    }
    throw new CorepoolError("chain-unavailable", {
      detail: `The chain node refuses ${record.intent}: ${answer.refused}`,
      next: `It is kept and sent again; check that ${this.address} can pay for gas.`,
    });
  }

  /** Whether any signed form is in a block now; then the record says so. */
  async #lookForReceipt(record: Outgoing): Promise<boolean> {
    for (const form of [...record.signed].reverse()) {
      const outcome = await this.#options.reader.outcome(form.hash);
      if (outcome === undefined) continue;
      await this.#keep({ ...record, state: "mined", outcome });
      this.#settle(record.intent, outcome);
      return true;
    }
    return false;
  }

  /** Signs again with a higher fee under the same nonce: only one of the forms can take effect. */
  async #raise(record: Outgoing, form: Signed): Promise<void> {
    const market = await this.#options.wire.fees();
    const more = (old: bigint, now: bigint) => {
      const raised = old + (old * BUMP_PERCENT) / 100n + 1n;
      return raised > now ? raised : now;
    };
    const fees = {
      maxFeePerGas: more(form.maxFeePerGas, market.maxFeePerGas),
      maxPriorityFeePerGas: more(form.maxPriorityFeePerGas, market.maxPriorityFeePerGas),
    };
    const limit = this.#options.maxFeePerGas ?? HIGHEST_FEE;
    if (fees.maxFeePerGas > limit) {
      throw new CorepoolError("chain-unavailable", {
        detail: `${record.intent} would need ${fees.maxFeePerGas} wei per gas, above the limit of ${limit}.`,
        next: "It is kept and tried again; wait for lower fees or raise the limit.",
      });
    }
    await this.#signing.run(() => this.#sign(record, form.gas, fees, form.nonce));
  }

  /**
   * The nonce was consumed by a transaction that is not ours. A new nonce is safe only when none of our forms can ever
   * be mined: the consumption must be final, and none of them in a block, with the same head before and after looking.
   */
  async #renonce(record: Outgoing, form: Signed): Promise<void> {
    const { reader, wire } = this.#options;
    const before = await reader.head();
    const final = await reader.finalized();
    if ((await wire.count(this.address, final.number)) <= form.nonce) return;
    if (await this.#lookForReceipt(record)) return;
    if ((await reader.head()).hash !== before.hash) return;
    let gas: bigint;
    try {
      gas = await this.#gas(record);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#fail(record, error);
      return;
    }
    const fees = await wire.fees();
    await this.#signing.run(async () => this.#sign(record, gas, fees, await this.#freeNonce()));
  }

  /** The contract would refuse an unsigned intent: final only when nothing of ours that it may depend on is under way. */
  async #giveUp(record: Outgoing, error: CorepoolError): Promise<boolean> {
    const ahead = [...this.#live.values()].some((other) => other.intent !== record.intent && other.state === "sent");
    if (ahead) return false;
    try {
      await this.#fail(record, error);
      return true;
    } catch (problem) {
      // What could not be kept has not failed yet: it is looked at again.
      this.#options.onProblem?.(record.intent, problem);
      return false;
    }
  }

  async #fail(record: Outgoing, error: CorepoolError): Promise<void> {
    const failed: Outgoing = {
      ...record,
      state: "failed",
      failure: { code: error.code, detail: error.message, data: error.data },
    };
    await this.#keep(failed);
    this.#settle(record.intent, problemOf(failed));
  }

  /** Whether no older transaction of ours is in its way: raising the fee of a later one would not help. */
  #isNext(record: Outgoing): boolean {
    const nonce = current(record)?.nonce ?? 0;
    return ![...this.#live.values()].some(
      (other) => other.state === "sent" && (current(other)?.nonce ?? nonce) < nonce,
    );
  }

  async #keep(record: Outgoing): Promise<void> {
    if (!(await this.#options.store.save(record))) {
      // Another process was quicker: go on with what it kept.
      const kept = await this.#options.store.find(record.intent);
      if (kept !== undefined) {
        if (isOver(kept)) this.#live.delete(record.intent);
        else this.#live.set(record.intent, kept);
        if (kept.state === "final" && record.state === "final") return;
        // What the other has brought into a block, or given up, nobody here brings there any more: whoever waits is told.
        if (kept.state === "failed") this.#settle(record.intent, problemOf(kept));
        else if (kept.state !== "sent" && kept.outcome !== undefined) this.#settle(record.intent, kept.outcome);
      }
      throw new CorepoolError("chain-unavailable", {
        detail: `Another process sends for ${this.address} too, and was quicker with ${record.intent} or its nonce.`,
        next: "This one goes on with what the other kept; run one sender per account.",
      });
    }
    if (isOver(record)) this.#live.delete(record.intent);
    else this.#live.set(record.intent, record);
    this.#options.onChange?.(record);
  }

  #settle(intent: string, result: TransactionOutcome | CorepoolError): void {
    const waiters = this.#waiters.get(intent) ?? [];
    this.#waiters.delete(intent);
    for (const { resolve, reject } of waiters) {
      if (result instanceof CorepoolError) reject(result);
      else resolve(result);
    }
  }

  /** Looks after mined transactions until they are final; a block that is gone sends its transactions again. */
  async #watchMined(): Promise<void> {
    const { clock, checkMs = 500, takeUpMs = 5_000 } = this.#options;
    let lookedAt = clock.monotonic();
    while (!this.#stop.signal.aborted) {
      try {
        if (clock.monotonic() - lookedAt >= takeUpMs) {
          lookedAt = clock.monotonic();
          await this.#takeUp();
        }
        await this.#checkMined();
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#options.onProblem?.("*", error);
      }
      await clock.sleep(checkMs, this.#stop.signal).catch(() => undefined);
    }
  }

  /**
   * What another sender of the account began, and has not moved between two looks, may have nobody who stands by it: its
   * process is dead or stands still. Should it live, both do the same, and the store lets only one of them.
   */
  async #takeUp(): Promise<void> {
    const others = new Map<string, string>();
    for (const record of await this.#options.store.unfinished()) {
      const { intent, state } = record;
      if (this.#live.has(intent)) continue;
      const print = `${state} ${record.signed.length} ${record.outcome?.blockHash}`;
      if (this.#others.get(intent) === print) {
        this.#live.set(intent, record);
        if (state !== "mined") this.#pursue(intent);
      } else others.set(intent, print);
    }
    this.#others = others;
  }

  async #checkMined(): Promise<void> {
    const mined = [...this.#live.values()].filter((record) => record.state === "mined");
    if (mined.length === 0) return;
    const { reader } = this.#options;
    // A node that came back older may not know yet what is final; what it has lost is sent again all the same.
    const final = await reader.finalized().catch((error: unknown) => {
      this.#options.onProblem?.("*", error);
      return undefined;
    });
    const hashes = new Map<bigint, Hex | undefined>();
    for (const record of mined) {
      const outcome = record.outcome;
      if (outcome === undefined || this.#stop.signal.aborted) continue;
      const { blockNumber } = outcome;
      if (!hashes.has(blockNumber)) hashes.set(blockNumber, (await reader.blockByNumber(blockNumber))?.hash);
      if (hashes.get(blockNumber) === outcome.blockHash) {
        if (final === undefined || blockNumber > final.number) continue;
        // Its block is in the chain for good. Whether it is in its block was one node's word so far.
        const again = await reader.outcome(outcome.hash, { confirmed: true });
        if (again?.blockHash === outcome.blockHash && again.status === outcome.status)
          await this.#keep({ ...record, state: "final" });
        else await this.#sendAgain(record);
      } else await this.#sendAgain(record);
    }
  }

  async #sendAgain(record: Outgoing): Promise<void> {
    await this.#keep({ ...record, state: "sent", outcome: undefined });
    this.#pursue(record.intent);
  }
}

const interrupted = () =>
  new CorepoolError("interrupted", {
    detail: "The sender stopped before the transaction was mined.",
    next: "It is kept and goes on when the sender starts again.",
  });

const isRefusal = (error: unknown): error is CorepoolError =>
  error instanceof CorepoolError && error.code === "call-reverted";

function problemOf(record: Outgoing): CorepoolError {
  const { code, detail, data } = record.failure ?? { code: "internal", detail: `${record.intent} failed.`, data: {} };
  return new CorepoolError(code, { detail, data, next: "Correct what it names, then ask again under another intent." });
}
