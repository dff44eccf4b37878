import type { Address, Hex } from "../hex.ts";

/** The parts of a block header that following a chain needs. */
export interface BlockHeader {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint;
  /** The block's 2,048-bit filter of log addresses and topics, where the node gives it: an empty answer is checked against it. */
  readonly logsBloom?: Hex | undefined;
}

/** A log as a node returns it. */
export interface RawLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly logIndex: number;
}

/** The outcome of a mined transaction. */
export interface TransactionOutcome {
  readonly hash: Hex;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly status: "success" | "reverted";
  readonly gasUsed: bigint;
  /** Of a reverted transaction: the contract's reason, decoded for people, where it could be found out. */
  readonly reason?: string | undefined;
}

/** Reading one EVM chain. Every method may reject with code `chain-unavailable`, which is worth a retry. */
export interface ChainReader {
  readonly chainId: number;
  head(): Promise<BlockHeader>;
  /** The newest block that the market's finality rule holds for irreversible. */
  finalized(): Promise<BlockHeader>;
  /** Undefined when the node has no such block (it may have been re-organised away). */
  blockByNumber(number: bigint): Promise<BlockHeader | undefined>;
  blockByHash(hash: Hex): Promise<BlockHeader | undefined>;
  /**
   * Logs of the given addresses in the inclusive range. `confirmed`: for what cannot be taken back; where there are
   * several nodes, two must give the same answer.
   */
  logs(range: {
    readonly from: bigint;
    readonly to: bigint;
    readonly addresses: readonly Address[];
    readonly confirmed?: boolean;
  }): Promise<readonly RawLog[]>;
  /** A read-only call at the head. Rejects with `call-reverted` and the decoded reason in `data`. */
  call(to: Address, data: Hex): Promise<Hex>;
  /** Undefined while it is in no block. `confirmed`: as for logs. */
  outcome(hash: Hex, options?: { readonly confirmed?: boolean }): Promise<TransactionOutcome | undefined>;
}

/** A transaction wanted by the market, named so that it is wanted once. */
export interface TransactionRequest {
  /** Unique name of the intent, e.g. `open:<batch>`; asking again for the same name changes nothing. */
  readonly intent: string;
  readonly to: Address;
  readonly data: Hex;
  readonly value?: bigint;
}

/** Sending on one chain. A transaction is kept and sent again until it is final. */
export interface ChainWriter {
  readonly address: Address;
  /** Resolves when the transaction is in a block at the head (which a re-org may still undo). */
  send(request: TransactionRequest): Promise<TransactionOutcome>;
}
