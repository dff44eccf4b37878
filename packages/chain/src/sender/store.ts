import type { TransactionRequest } from "@corepool/core/ports/chain";
import type { Outgoing } from "./record.ts";

/** Where a sender keeps the transactions of one account. What a method has done is durable when it resolves. */
export interface SenderStore {
  /** Keeps a new intent as queued; under a name that is known, changes nothing. Resolves with what is kept. */
  add(request: TransactionRequest): Promise<Outgoing>;
  /** All that are neither final nor failed, in the order in which they were added. */
  unfinished(): Promise<readonly Outgoing[]>;
  /**
   * Replaces the record of its intent. Resolves with false, changing nothing, when another sender was quicker: its newest
   * nonce belongs to another transaction that is sent or mined, or the kept record has a signed form that this one lacks.
   */
  save(record: Outgoing): Promise<boolean>;
  find(intent: string): Promise<Outgoing | undefined>;
}
