import type { Address, Hex } from "@corepool/core/hex";
import type { ContractName } from "./contracts.ts";

/** What a step of the plan did on the chain. Written before its transaction is sent, so that no crash repeats it. */
export interface StepRecord {
  readonly id: string;
  readonly transaction: Hex;
  /** The transaction's nonce of the deployer. */
  readonly nonce: number;
  /** Of a deploy step: where its contract is. */
  readonly address?: Address;
  /** The block it was mined in; absent until it is. */
  readonly block?: string;
}

/** Where the contracts are. Kept as JSON beside the market's data, and read by everything that talks to the chain. */
export interface DeploymentRecord {
  readonly version: 1;
  readonly chainId: number;
  /** Hash of block 0: tells a chain from another one with the same id. */
  readonly genesisHash: Hex;
  readonly deployer: Address;
  /** Whether every step is done. */
  readonly complete: boolean;
  /** First block with anything of ours, decimal: where a follower begins. "0" until known. */
  readonly block: string;
  readonly addresses: Readonly<Partial<Record<ContractName, Address>>>;
  /** The listed stablecoin: the test one, or the real one. */
  readonly stablecoin?: Address;
  readonly steps: readonly StepRecord[];
}

/** A deployment with every contract in place. */
export interface Deployment {
  readonly chainId: number;
  readonly genesisHash: Hex;
  readonly block: bigint;
  readonly accessManager: Address;
  readonly gpToken: Address;
  readonly unitRegistry: Address;
  readonly leaseMarket: Address;
  readonly stablecoin: Address;
}
