import type { Address, BlobHash, Hex } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import type { Reader, Tx } from "../platform/database/database.ts";
import type { Caller } from "../platform/http/call.ts";
import type { ApiKeys } from "./api-keys.ts";
import type { Sessions } from "./sessions.ts";

/** What the market's own parts need of accounts. */
export interface Accounts {
  /** The caller behind a bearer token (session, agent's token or API key), or undefined. */
  authenticate(token: string): Promise<Caller | undefined>;
  /**
   * Counts `amount` (base units) against the API key's spend cap, in the caller's transaction: call it where a client
   * commits money (acceptPlacement, with the order's highest escrow). Rejects with `spend-cap-reached`. Does nothing
   * for callers without a key.
   */
  reserveSpend(tx: Tx, caller: Caller, amount: bigint): Promise<void>;
  /** Makes the bearer token of a connected agent (shown once, in `welcome`); older tokens of the machine stop working. */
  issueAgentToken(provider: Address, machine: Hex): Promise<string>;
  /**
   * Notes that an account uploaded or owns a blob. With `expiresAt` (milliseconds since the epoch) only until then,
   * unless it is the account's for good already.
   */
  grantBlob(tx: Reader, account: Address, hash: BlobHash, sizeBytes: number, expiresAt?: number): Promise<void>;
  /**
   * Size of a blob that the account uploaded or owns, in bytes; undefined for every other. Inputs of a workload must
   * be its account's: else whoever knows a hash could have a job read what it names.
   */
  ownedBlobSize(account: Address, hash: BlobHash): Promise<number | undefined>;
}

/** Accounts on sessions, API keys and blob references. */
export function createAccounts(parts: {
  readonly sessions: Sessions;
  readonly apiKeys: ApiKeys;
  readonly reader: Reader;
  readonly clock: Clock;
}): Accounts {
  return {
    authenticate: (token) =>
      token.startsWith("corepool_live_") ? parts.apiKeys.caller(token) : parts.sessions.caller(token),

    async reserveSpend(tx, caller, amount) {
      if (caller.keyId !== undefined) await parts.apiKeys.reserveSpend(tx, caller.keyId, amount);
    },

    issueAgentToken: (provider, machine) => parts.sessions.startAgent(provider, machine),

    async grantBlob(tx, account, hash, sizeBytes, expiresAt) {
      const expires_at = expiresAt === undefined ? null : new Date(expiresAt);
      await tx
        .insertInto("blob_refs")
        .values({
          account: account.toLowerCase() as Address,
          hash,
          size_bytes: BigInt(sizeBytes),
          created_at: new Date(parts.clock.now()),
          expires_at,
        })
        .onConflict((conflict) =>
          conflict
            .columns(["account", "hash"])
            .doUpdateSet({ expires_at })
            .where("blob_refs.expires_at", "is not", null),
        )
        .execute();
    },

    async ownedBlobSize(account, hash) {
      const row = await parts.reader
        .selectFrom("blob_refs")
        .select("size_bytes")
        .where("account", "=", account.toLowerCase() as Address)
        .where("hash", "=", hash)
        .executeTakeFirst();
      return row === undefined ? undefined : Number(row.size_bytes);
    },
  };
}
