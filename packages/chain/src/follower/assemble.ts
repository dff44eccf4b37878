import type { Address, Hex } from "@corepool/core/hex";
import type { BlockHeader, RawLog } from "@corepool/core/ports/chain";
import { hexToBytes, keccak256, stringToBytes } from "viem";
import type { BlockLogs, BlockRef } from "./state.ts";

/**
 * Blocks that fit together, or what does not fit: then nothing is applied and everything is read again. `empty` names a
 * block that came without logs although its filter allows some.
 */
export type Assembled = { readonly blocks: readonly BlockLogs[] } | { readonly doubt: string; readonly empty?: Hex };

export interface Reading {
  readonly cursor: BlockRef;
  /** The headers of a range, in order. Undefined where the node had none. */
  readonly headers: readonly (BlockHeader | undefined)[];
  /** Logs as the node gave them for the range: perhaps of other blocks, twice, or in disorder. */
  readonly logs: readonly RawLog[];
  readonly addresses: readonly Address[];
  /** Blocks whose empty answer was asked for often enough to be believed although their filter says otherwise. */
  readonly believedEmpty: ReadonlySet<Hex>;
}

/** Puts logs to their blocks, refusing whatever does not belong to exactly this chain of headers. Pure. */
export function assemble(reading: Reading): Assembled {
  let parent = reading.cursor;
  const headers: BlockHeader[] = [];
  for (const header of reading.headers) {
    if (header === undefined) return { doubt: "the node lacks a block below its head" };
    if (header.number !== parent.number + 1n || (parent.hash !== undefined && header.parentHash !== parent.hash)) {
      return { doubt: `block ${header.number} does not follow what was read before it` };
    }
    headers.push(header);
    parent = { number: header.number, hash: header.hash };
  }
  const byNumber = sortLogs(reading.logs);
  const blocks: BlockLogs[] = [];
  for (const header of headers) {
    const logs = byNumber.get(header.number) ?? [];
    if (logs.some((log) => log.blockHash !== header.hash)) return { doubt: `logs of another block ${header.number}` };
    if (
      logs.length === 0 &&
      !reading.believedEmpty.has(header.hash) &&
      reading.addresses.some((address) => mayHold(header.logsBloom, address))
    ) {
      return {
        doubt: `no logs for block ${header.number}, whose filter names a followed contract`,
        empty: header.hash,
      };
    }
    blocks.push({ header, logs, digest: digestOf(logs) });
  }
  return { blocks };
}

/** Logs by block, in order, each once. */
export function sortLogs(logs: readonly RawLog[]): ReadonlyMap<bigint, readonly RawLog[]> {
  const blocks = new Map<bigint, Map<string, RawLog>>();
  for (const log of logs) {
    const block = blocks.get(log.blockNumber) ?? new Map<string, RawLog>();
    block.set(`${log.blockHash}:${log.logIndex}`, log);
    blocks.set(log.blockNumber, block);
  }
  return new Map(
    [...blocks].map(([number, block]) => [number, [...block.values()].sort((a, b) => a.logIndex - b.logIndex)]),
  );
}

/** A short name of a block's logs. */
export function digestOf(logs: readonly RawLog[]): Hex {
  return keccak256(
    stringToBytes(
      JSON.stringify(
        logs.map((log) => [log.logIndex, log.transactionHash, log.address.toLowerCase(), log.topics, log.data]),
      ),
    ),
  );
}

/** Whether a block's filter allows logs of the address (yellow paper, 4.3.1). Without a filter nothing is known: no. */
export function mayHold(bloom: Hex | undefined, address: Address): boolean {
  if (bloom === undefined || bloom.length !== 514) return false;
  const bits = hexToBytes(bloom);
  const hash = keccak256(hexToBytes(address), "bytes");
  return [0, 2, 4].every((i) => {
    const bit = (((hash[i] ?? 0) << 8) | (hash[i + 1] ?? 0)) & 2047;
    return ((bits[255 - (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0;
  });
}
