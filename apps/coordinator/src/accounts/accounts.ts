import type { Address, Hex } from "@corepool/core/hex";
import type { Tx } from "../platform/database/database.ts";
import type { Caller } from "../platform/http/call.ts";

/** What the market's own parts need of accounts. */
export interface Accounts {
  /** The caller behind a bearer token, or undefined. */
  authenticate(token: string): Promise<Caller | undefined>;
  /**
   * Counts `amount` (base units) against the API key's spend cap, in the caller's transaction: call it where a client
   * commits money (acceptPlacement, with the order's highest escrow). Rejects with `spend-cap-reached`. Does nothing
   * for callers without a key.
   */
  reserveSpend(tx: Tx, caller: Caller, amount: bigint): Promise<void>;
  /** Makes the bearer token of a connected agent (shown once, in `welcome`); older tokens of the machine stop working. */
  issueAgentToken(provider: Address, machine: Hex): Promise<string>;
  /** Notes that an account uploaded, owns or may read a blob (outputs of its workloads). */
  grantBlob(tx: Tx, account: Address, hash: `sha256:${string}`, sizeBytes: number): Promise<void>;
}
