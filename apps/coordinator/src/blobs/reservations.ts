import { CorepoolError } from "@corepool/core/errors";
import type { Address, BlobHash } from "@corepool/core/hex";
import type { Blobs } from "@corepool/core/ports/blobs";
import type { Clock } from "@corepool/core/ports/clock";
import { sql } from "kysely";
import type { Accounts } from "../accounts/accounts.ts";
import type { Database, Reader, Tx } from "../platform/database/database.ts";
import type { Caller } from "../platform/http/call.ts";

/** What one account may hold, finished and unfinished together. */
export interface BlobLimits {
  readonly bytes: number;
  readonly blobs: number;
}

/** What an account holds, finished and unfinished together. */
export interface BlobUsage {
  readonly bytes: number;
  readonly blobs: number;
}

/** An upload that nobody went on with for so long is thrown away. */
export const UNFINISHED_MS = 24 * 3_600_000;
/** What an agent delivered is its client's to read from then on; its provider's for so long. */
export const DELIVERED_MS = 24 * 3_600_000;
const MOST_EXPIRED = 100;

/** Whose upload it is: of an agent its machine, so that two machines of a provider do not meet in one. */
export const ownerOf = (caller: Caller): string => caller.machine ?? caller.account;

/**
 * Unfinished uploads. Each belongs to its owner alone and reserves its whole size in its account's quota before its
 * first byte is taken, so that many at once cannot go beyond it.
 */
export class Reservations {
  readonly #database: Database;
  readonly #accounts: Accounts;
  readonly #blobs: Blobs;
  readonly #clock: Clock;
  readonly #limits: BlobLimits;

  constructor(parts: {
    readonly database: Database;
    readonly accounts: Accounts;
    readonly blobs: Blobs;
    readonly clock: Clock;
    readonly limits: BlobLimits;
  }) {
    this.#database = parts.database;
    this.#accounts = parts.accounts;
    this.#blobs = parts.blobs;
    this.#clock = parts.clock;
    this.#limits = parts.limits;
  }

  /** What an account holds now. A blob that it has and sends once more counts once: as the larger of the two. */
  async usage(account: Address, tx: Reader = this.#database.reader): Promise<BlobUsage> {
    const { rows } = await sql<{ bytes: string | null; blobs: string }>`
      select sum(greatest(has.bytes, sends.bytes))::text as bytes, count(*)::text as blobs
      from (select hash, size_bytes as bytes from blob_refs where account = ${account}) as has
      full join (
        select hash, sum(size_bytes) as bytes from blob_uploads where account = ${account} group by hash
      ) as sends using (hash)`.execute(tx);
    return { bytes: Number(rows[0]?.bytes ?? 0), blobs: Number(rows[0]?.blobs ?? 0) };
  }

  /**
   * Reserves room for a new upload; what its owner had begun of the same blob gives its own back.
   * Rejects with `blob-quota-reached`.
   */
  async begin(caller: Caller, hash: BlobHash, size: number): Promise<void> {
    const { account } = caller;
    const owner = ownerOf(caller);
    await this.#database.transaction(async (tx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`blobs:${account}`}, 0))`.execute(tx);
      await this.#forget(tx, owner, hash);
      await tx
        .insertInto("blob_uploads")
        .values({ owner, hash, account, size_bytes: BigInt(size), touched_at: new Date(this.#clock.now()) })
        .execute();
      const { bytes, blobs } = await this.usage(account, tx);
      if (bytes <= this.#limits.bytes && blobs <= this.#limits.blobs) return;
      await this.#forget(tx, owner, hash);
      throw quotaReached(size, await this.usage(account, tx), this.#limits);
    });
  }

  /** The size that the owner's unfinished upload reserved, in bytes, or undefined without one. Keeps it from expiring. */
  async goOn(caller: Caller, hash: BlobHash): Promise<number | undefined> {
    const row = await this.#database.reader
      .updateTable("blob_uploads")
      .set({ touched_at: new Date(this.#clock.now()) })
      .where("owner", "=", ownerOf(caller))
      .where("hash", "=", hash)
      .returning("size_bytes")
      .executeTakeFirst();
    return row === undefined ? undefined : Number(row.size_bytes);
  }

  /** The owner has handed over all bytes of the blob: they are its account's now. */
  async finish(caller: Caller, hash: BlobHash, sizeBytes: number): Promise<void> {
    const until = caller.machine === undefined ? undefined : this.#clock.now() + DELIVERED_MS;
    await this.#database.transaction(async (tx) => {
      await this.#accounts.grantBlob(tx, caller.account, hash, sizeBytes, until);
      await this.#forget(tx, ownerOf(caller), hash);
    });
  }

  /** The upload has come to nothing: its room is free again. */
  async release(caller: Caller, hash: BlobHash): Promise<void> {
    await this.#forget(this.#database.reader, ownerOf(caller), hash);
  }

  /** Throws away uploads that nobody goes on with, and ends the day of what agents delivered. */
  async forgetExpired(): Promise<void> {
    const now = this.#clock.now();
    await this.#database.reader.deleteFrom("blob_refs").where("expires_at", "<=", new Date(now)).execute();
    await this.#database.transaction(async (tx) => {
      const expired = await tx
        .selectFrom("blob_uploads")
        .select(["owner", "hash"])
        .where("touched_at", "<=", new Date(now - UNFINISHED_MS))
        .limit(MOST_EXPIRED)
        .forUpdate()
        .skipLocked()
        .execute();
      // The bytes go first: after a crash in between the row is still there to throw them away again.
      for (const { owner, hash } of expired) {
        await this.#blobs.discard(hash, owner);
        await this.#forget(tx, owner, hash);
      }
    });
  }

  async #forget(tx: Reader | Tx, owner: string, hash: BlobHash): Promise<void> {
    await tx.deleteFrom("blob_uploads").where("owner", "=", owner).where("hash", "=", hash).execute();
  }
}

function quotaReached(size: number, used: BlobUsage, limits: BlobLimits): CorepoolError {
  const free = { bytes: Math.max(0, limits.bytes - used.bytes), blobs: Math.max(0, limits.blobs - used.blobs) };
  return new CorepoolError("blob-quota-reached", {
    detail:
      `A blob of ${size} bytes does not fit: ${used.bytes} of ${limits.bytes} bytes and ${used.blobs} of ` +
      `${limits.blobs} blobs are used, unfinished uploads included; ${free.bytes} bytes and ${free.blobs} blobs are free.`,
    next: "Finish unfinished uploads (they free their room a day after their last byte), or ask the operator for more room.",
    data: { used, free, limits },
  });
}
