import type { Address, BlobHash, Hex } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import { sql } from "kysely";
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
   * Notes that an account uploaded or owns a blob. With the `machine` of his that handed it over it is his for a day
   * only (`DELIVERED_MS`), or until a day after its attempt ended, unless it is his for good already.
   */
  grantBlob(tx: Reader, account: Address, hash: BlobHash, sizeBytes: number, machine?: string): Promise<void>;
  /** A machine's attempt has ended with these outputs: they are its provider's for one more day. */
  deliveryReported(machine: Hex, hashes: readonly BlobHash[]): Promise<void>;
  /** Takes back what agents delivered long enough ago. */
  forgetExpired(): Promise<void>;
  /**
   * Size of a blob that the account uploaded or owns, in bytes; undefined for every other. Inputs of a workload must
   * be its account's: else whoever knows a hash could have a job read what it names. What has expired is no longer his.
   */
  ownedBlobSize(account: Address, hash: BlobHash): Promise<number | undefined>;
}

/** What an agent delivered is its client's to read from then on; its provider's for so long, milliseconds. */
export const DELIVERED_MS = 24 * 3_600_000;

/**
 * Whether a delivery still waits for its report: an attempt that was there when it came lives on its machine. The agent
 * sends its report after the outputs, and both of them may be out of reach for days in between.
 */
const awaited = sql<boolean>`exists (
  select from attempts
  where attempts.machine = blob_deliveries.machine and attempts.state <> 'ended'
    and attempts.created_at <= blob_deliveries.delivered_at)`;

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

    async grantBlob(tx, account, hash, sizeBytes, machine) {
      const now = parts.clock.now();
      const expires_at = machine === undefined ? null : new Date(now + DELIVERED_MS);
      if (machine !== undefined) {
        const delivered_at = new Date(now);
        await tx
          .insertInto("blob_deliveries")
          .values({ machine, hash, account: account.toLowerCase() as Address, delivered_at })
          .onConflict((conflict) => conflict.columns(["machine", "hash"]).doUpdateSet({ delivered_at }))
          .execute();
      }
      await tx
        .insertInto("blob_refs")
        .values({
          account: account.toLowerCase() as Address,
          hash,
          size_bytes: BigInt(sizeBytes),
          created_at: new Date(now),
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

    async deliveryReported(machine, hashes) {
      if (hashes.length === 0) return;
      const { reader, clock } = parts;
      await reader
        .updateTable("blob_refs")
        .from("blob_deliveries")
        .set({ expires_at: new Date(clock.now() + DELIVERED_MS) })
        .whereRef("blob_refs.account", "=", "blob_deliveries.account")
        .whereRef("blob_refs.hash", "=", "blob_deliveries.hash")
        .where("blob_refs.expires_at", "is not", null)
        .where("blob_deliveries.machine", "=", machine)
        .where("blob_deliveries.hash", "in", hashes)
        .execute();
      // Another attempt that hands over its outputs now may have the same: then it waits for that one's report, too.
      await reader
        .deleteFrom("blob_deliveries")
        .where("machine", "=", machine)
        .where("hash", "in", hashes)
        .where((eb) =>
          eb.not(eb.exists(eb.selectFrom("attempts").where("machine", "=", machine).where("state", "=", "collecting"))),
        )
        .execute();
    },

    async forgetExpired() {
      const now = parts.clock.now();
      await parts.reader
        .deleteFrom("blob_deliveries")
        .where("delivered_at", "<=", new Date(now - DELIVERED_MS))
        .where((eb) => eb.not(awaited))
        .execute();
      await parts.reader
        .deleteFrom("blob_refs")
        .where("expires_at", "<=", new Date(now))
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom("blob_deliveries")
                .whereRef("blob_deliveries.account", "=", "blob_refs.account")
                .whereRef("blob_deliveries.hash", "=", "blob_refs.hash"),
            ),
          ),
        )
        .execute();
    },

    async ownedBlobSize(account, hash) {
      const row = await parts.reader
        .selectFrom("blob_refs")
        .select("size_bytes")
        .where("account", "=", account.toLowerCase() as Address)
        .where("hash", "=", hash)
        .where((eb) =>
          eb.or([
            eb("expires_at", "is", null),
            eb("expires_at", ">", new Date(parts.clock.now())),
            eb.exists(
              eb
                .selectFrom("blob_deliveries")
                .where("blob_deliveries.account", "=", account.toLowerCase() as Address)
                .where("blob_deliveries.hash", "=", hash)
                .where(awaited),
            ),
          ]),
        )
        .executeTakeFirst();
      return row === undefined ? undefined : Number(row.size_bytes);
    },
  };
}
