import type { Address, Hex } from "@corepool/core/hex";
import type { BlockHeader, ChainReader, RawLog } from "@corepool/core/ports/chain";
import { hexToBytes, keccak256, numberToHex, toHex } from "viem";

export const FOLLOWED: Address = `0x${"f0".repeat(20)}`;
const TOPIC: Hex = `0x${"11".repeat(32)}`;

interface SimBlock {
  readonly header: BlockHeader;
  readonly logs: readonly RawLog[];
}

/** How the next answer is wrong, if it is. */
export type Fault = "none" | "lag" | "missing" | "empty" | "duplicate" | "truncated" | "other-fork" | "unavailable";

/** A tree of blocks and a node that answers for the branch under its head, sometimes wrongly. */
export class SimChain implements ChainReader {
  readonly chainId = 1;
  readonly #blocks = new Map<Hex, SimBlock>();
  readonly #truncated = new Set<Hex>();
  readonly #finalDepth: bigint;
  readonly #settledDepth: bigint;
  #head: Hex;
  #salt = 0;
  #empties = 0;
  /** Drawn for every answer. */
  fault: () => Fault = () => "none";

  /** Blocks `settledDepth` below the head are so old that no node answers empty for them twice in a row. */
  constructor(finalDepth: bigint, settledDepth = 0n) {
    this.#finalDepth = finalDepth;
    this.#settledDepth = settledDepth;
    this.#head = keccak256("0x00");
    const header: BlockHeader = {
      number: 0n,
      hash: this.#head,
      parentHash: `0x${"0".repeat(64)}`,
      timestamp: 0n,
      logsBloom: bloomOf(0),
    };
    this.#blocks.set(this.#head, { header, logs: [] });
  }

  /** Lets the node's head be `back` blocks further down, then grow by blocks with the given values in their logs. */
  fork(back: number, blocks: readonly (readonly number[])[]): void {
    for (let i = 0; i < back; i++) this.#head = this.#at(this.#head).header.parentHash;
    for (const values of blocks) {
      const parent = this.#at(this.#head).header;
      const number = parent.number + 1n;
      const hash = keccak256(toHex(`${number}:${this.#salt++}`));
      const logs = values.map(
        (value, logIndex): RawLog => ({
          address: FOLLOWED,
          topics: [TOPIC],
          data: numberToHex(value, { size: 32 }),
          blockNumber: number,
          blockHash: hash,
          transactionHash: keccak256(toHex(`${hash}:${logIndex}`)),
          logIndex,
        }),
      );
      this.#blocks.set(hash, {
        header: { number, hash, parentHash: parent.hash, timestamp: number * 2n, logsBloom: bloomOf(values.length) },
        logs,
      });
      this.#head = hash;
    }
  }

  get height(): bigint {
    return this.#at(this.#head).header.number;
  }

  /** The blocks of the node's branch, ascending, genesis first. */
  branch(head = this.#head): readonly SimBlock[] {
    const blocks: SimBlock[] = [];
    for (let block = this.#blocks.get(head); block !== undefined; block = this.#blocks.get(block.header.parentHash))
      blocks.unshift(block);
    return blocks;
  }

  async head(): Promise<BlockHeader> {
    const fault = this.#draw();
    const branch = this.branch();
    return (fault === "lag" ? branch.at(-3) : undefined)?.header ?? this.#at(this.#head).header;
  }

  async finalized(): Promise<BlockHeader> {
    const branch = this.branch();
    return (branch[Math.max(0, branch.length - 1 - Number(this.#finalDepth))] ?? this.#at(this.#head)).header;
  }

  async blockByNumber(number: bigint): Promise<BlockHeader | undefined> {
    if (this.#draw() === "missing") return undefined;
    return this.branch()[Number(number)]?.header;
  }

  async blockByHash(hash: Hex): Promise<BlockHeader | undefined> {
    return this.#blocks.get(hash)?.header;
  }

  async logs({ from, to }: { readonly from: bigint; readonly to: bigint }): Promise<readonly RawLog[]> {
    const fault = this.#draw();
    const all = (blocks: readonly SimBlock[]) =>
      blocks.filter((b) => b.header.number >= from && b.header.number <= to).flatMap((b) => b.logs);
    const logs = all(this.branch());
    this.#empties = fault === "empty" ? this.#empties + 1 : 0;
    if (fault === "empty" && this.#empties < (to + this.#settledDepth <= this.height ? 2 : 4)) return [];
    if (fault === "duplicate") return [...logs, ...logs].reverse();
    if (fault === "other-fork") return all([...this.#blocks.values()]);
    const last = logs.at(-1);
    // A node that cuts the same answer twice could not be told from an honest one.
    if (fault === "truncated" && last !== undefined && !this.#truncated.has(last.blockHash)) {
      for (const log of logs) this.#truncated.add(log.blockHash);
      return logs.slice(0, -1);
    }
    return logs;
  }

  call(): Promise<Hex> {
    return Promise.reject(new Error("this chain runs no contracts"));
  }

  async outcome(): Promise<undefined> {
    return undefined;
  }

  #draw(): Fault {
    const fault = this.fault();
    if (fault === "unavailable") throw new Error("unavailable");
    return fault;
  }

  #at(hash: Hex): SimBlock {
    const block = this.#blocks.get(hash);
    if (block === undefined) throw new RangeError("below genesis");
    return block;
  }
}

/** The filter of a block with or without logs of the followed contract. */
function bloomOf(logs: number): Hex {
  const bits = new Uint8Array(256);
  if (logs > 0) {
    const hash = hexToBytes(keccak256(FOLLOWED));
    for (const i of [0, 2, 4]) {
      const bit = (((hash[i] ?? 0) << 8) + (hash[i + 1] ?? 0)) % 2048;
      bits[255 - Math.floor(bit / 8)] = (bits[255 - Math.floor(bit / 8)] ?? 0) | (1 << (bit % 8));
    }
  }
  return toHex(bits);
}
