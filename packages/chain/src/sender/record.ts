import type { Address, Hex } from "@corepool/core/hex";
import type { TransactionOutcome, TransactionRequest } from "@corepool/core/ports/chain";

/** One signed form of a transaction. It may be sent any number of times: its nonce lets it take effect once. */
export interface Signed {
  readonly nonce: number;
  readonly hash: Hex;
  readonly raw: Hex;
  readonly gas: bigint;
  /** Wei per gas. */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** Why an intent will never be mined. */
export interface Failure {
  readonly code: string;
  readonly detail: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * A transaction from the wish to finality. `queued`: wanted, not signed. `sent`: signed and kept; on its way or about
 * to be. `mined`: in a block at the head, whether it succeeded or reverted. `final`: that block is irreversible.
 * `failed`: the contract would refuse it, so it was never sent. A re-org leads from mined back to sent.
 */
export interface Outgoing {
  readonly intent: string;
  readonly to: Address;
  readonly data: Hex;
  readonly value: bigint;
  readonly state: "queued" | "sent" | "mined" | "final" | "failed";
  /** All signed forms, newest last: bumped fees under the same nonce, or another nonce when the first was lost for good. */
  readonly signed: readonly Signed[];
  readonly outcome: TransactionOutcome | undefined;
  readonly failure: Failure | undefined;
}

/** The form that counts now. */
export const current = (record: Outgoing): Signed | undefined => record.signed.at(-1);

export const queued = (request: TransactionRequest): Outgoing => ({
  intent: request.intent,
  to: request.to,
  data: request.data,
  value: request.value ?? 0n,
  state: "queued",
  signed: [],
  outcome: undefined,
  failure: undefined,
});

/** Whether nothing more will be done about it. */
export const isOver = (record: Outgoing): boolean => record.state === "final" || record.state === "failed";
