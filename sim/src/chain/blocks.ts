import type { Address, Hex } from "@corepool/core/hex";
import type { RawLog } from "@corepool/core/ports/chain";
import { hexToBytes, hexToString, keccak256, stringToHex, toHex } from "viem";
import { type Call, execute } from "./execute.ts";
import type { MarketPlace, MarketState } from "./state.ts";
import { Reverted } from "./words.ts";

/** A transaction as this chain takes it: signed by being said (see encodeRaw). */
export interface Transaction extends Call {
  readonly hash: Hex;
  readonly nonce: number;
  readonly maxFeePerGas: bigint;
}

/** A transaction in a block. */
export interface Mined {
  readonly transaction: Transaction;
  readonly status: "success" | "reverted";
}

export interface Block {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly logsBloom: Hex;
  readonly mined: readonly Mined[];
  readonly logs: readonly RawLog[];
  readonly state: MarketState;
  readonly nonces: ReadonlyMap<string, number>;
}

/** The raw bytes of a transaction on this chain: who may speak for an account is not this model's business. */
export function encodeRaw(fields: Omit<Transaction, "hash">): Hex {
  return stringToHex(JSON.stringify({ ...fields, maxFeePerGas: String(fields.maxFeePerGas) }));
}

export function decodeRaw(raw: Hex): Transaction {
  const fields = JSON.parse(hexToString(raw)) as Omit<Transaction, "hash" | "maxFeePerGas"> & { maxFeePerGas: string };
  return { ...fields, maxFeePerGas: BigInt(fields.maxFeePerGas), hash: keccak256(raw) };
}

const NOWHERE: Hex = `0x${"0".repeat(64)}`;
const GENESIS_SALT = "genesis";

/** A tree of blocks with the branch that counts, and the transactions that wait. */
export class Blocks {
  readonly place: MarketPlace;
  /** The branch that counts, oldest first; index and number are the same. */
  branch: Block[] = [];
  /** By sender and nonce. */
  readonly pool = new Map<string, Transaction>();
  readonly #included = new Map<Hex, Block>();
  #salt = 0;

  constructor(place: MarketPlace, state: MarketState, timestamp: number) {
    this.place = place;
    this.#append({ number: 0, parentHash: NOWHERE, timestamp, state, mined: [], logs: [], nonces: new Map() });
  }

  get head(): Block {
    const head = this.branch.at(-1);
    if (head === undefined) throw new RangeError("a chain has a genesis");
    return head;
  }

  /** The block of the branch that counts in which the transaction is. */
  blockOf(hash: Hex): Block | undefined {
    return this.#included.get(hash);
  }

  nonceOf(account: Address, block = this.head): number {
    return block.nonces.get(account.toLowerCase()) ?? 0;
  }

  /** What waits, in the order in which a block would take it. */
  waiting(): readonly Transaction[] {
    return [...this.pool.values()].sort((a, b) => (a.from === b.from ? a.nonce - b.nonce : a.from < b.from ? -1 : 1));
  }

  /** Mines one block out of those transactions that `wants` takes. */
  async mine(timestamp: number, wants: (transaction: Transaction) => boolean): Promise<void> {
    const parent = this.head;
    const time = Math.max(parent.timestamp + 1, timestamp);
    const nonces = new Map(parent.nonces);
    const mined: Mined[] = [];
    const logs: Omit<RawLog, "blockHash" | "blockNumber" | "logIndex">[] = [];
    let { state } = parent;
    for (const transaction of this.waiting()) {
      const sender = transaction.from.toLowerCase();
      if (transaction.nonce < (nonces.get(sender) ?? 0)) this.#forget(transaction);
      if (transaction.nonce !== (nonces.get(sender) ?? 0) || !wants(transaction)) continue;
      nonces.set(sender, transaction.nonce + 1);
      this.#forget(transaction);
      try {
        const done = await execute(this.place, state, transaction, time);
        state = done.state;
        for (const log of done.logs)
          logs.push({ ...log, address: this.place.market, transactionHash: transaction.hash });
        mined.push({ transaction, status: "success" });
      } catch (error) {
        if (!(error instanceof Reverted)) throw error;
        mined.push({ transaction, status: "reverted" });
      }
    }
    const number = parent.number + 1;
    this.#append({ number, parentHash: parent.hash, timestamp: time, state, mined, logs, nonces });
  }

  /** Takes the newest blocks off; resolves with the transactions that were in them. */
  rewind(depth: number): readonly Transaction[] {
    const gone = depth <= 0 ? [] : this.branch.splice(Math.max(1, this.branch.length - depth));
    const transactions = gone.flatMap((block) => block.mined.map(({ transaction }) => transaction));
    for (const { hash } of transactions) this.#included.delete(hash);
    return transactions;
  }

  add(transaction: Transaction): void {
    this.pool.set(`${transaction.from.toLowerCase()}:${transaction.nonce}`, transaction);
  }

  #forget(transaction: Transaction): void {
    this.pool.delete(`${transaction.from.toLowerCase()}:${transaction.nonce}`);
  }

  #append(
    block: Omit<Block, "hash" | "logsBloom" | "logs"> & {
      readonly logs: readonly Omit<RawLog, "blockHash" | "blockNumber" | "logIndex">[];
    },
  ): void {
    const { number } = block;
    const hash = keccak256(toHex(`${number}:${block.parentHash}:${number === 0 ? GENESIS_SALT : this.#salt++}`));
    const logs = block.logs.map(
      (log, logIndex): RawLog => ({ ...log, blockHash: hash, blockNumber: BigInt(number), logIndex }),
    );
    const whole: Block = { ...block, hash, logs, logsBloom: bloomOf(this.place.market, logs.length > 0) };
    this.branch.push(whole);
    for (const { transaction } of block.mined) this.#included.set(transaction.hash, whole);
  }
}

const EMPTY_BLOOM: Hex = `0x${"00".repeat(256)}`;
const blooms = new Map<string, Hex>();

/** The filter of a block in which the contract has logs, or none. */
function bloomOf(address: Address, any: boolean): Hex {
  if (!any) return EMPTY_BLOOM;
  const known = blooms.get(address);
  if (known !== undefined) return known;
  const bits = new Uint8Array(256);
  const hash = hexToBytes(keccak256(address));
  for (const i of [0, 2, 4]) {
    const bit = (((hash[i] ?? 0) << 8) | (hash[i + 1] ?? 0)) & 2047;
    bits[255 - (bit >> 3)] = (bits[255 - (bit >> 3)] ?? 0) | (1 << (bit & 7));
  }
  const bloom = toHex(bits);
  blooms.set(address, bloom);
  return bloom;
}
