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
const MOST_EXPIRED = 100;
/** Uploads in the store whose rows are looked for at once. */
const MOST_LOOKED_UP = 500;

/** Room that one upload of one blob has been given; a new begin of the same gets another. */
export interface Reservation {
  readonly hash: BlobHash;
  /** Whose upload it is. */
  readonly owner: string;
  /** Tells it from what its owner began of the same blob before and after; never used twice. */
  readonly generation: string;
  /** Of the whole blob. */
  readonly sizeBytes: number;
}

/**
 * Who owns the reservation's bytes in the store. Of this reservation alone: bytes that a request of an older one still
 * brings never come to be bytes of the newer.
 */
export const keeperOf = ({ owner, generation }: Pick<Reservation, "owner" | "generation">): string =>
  `${owner}-${generation}`;

/** Whose upload it is: of an agent its machine, so that two machines of a provider do not meet in one. */
export const ownerOf = (caller: Caller): string => caller.machine ?? caller.account;

/**
 * Unfinished uploads. Each belongs to its owner alone and reserves its whole size in its account's quota before its
 * first byte is taken, so that many at once cannot go beyond it. Whatever the store keeps of an upload is kept for a row
 * here: who takes the row away throws the bytes away after it, who brings bytes looks for the row after them, and what
 * a crash leaves in between is found by `forgetExpired`.
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
  async begin(caller: Caller, hash: BlobHash, size: number): Promise<Reservation> {
    const { account } = caller;
    const owner = ownerOf(caller);
    const { before, generation } = await this.#database.transaction(async (tx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`blobs:${account}`}, 0))`.execute(tx);
      const before = await this.#forget(tx, { owner, hash });
      const { generation } = await tx
        .insertInto("blob_uploads")
        .values({ owner, hash, account, size_bytes: BigInt(size), touched_at: new Date(this.#clock.now()) })
        .returning("generation")
        .executeTakeFirstOrThrow();
      const { bytes, blobs } = await this.usage(account, tx);
      if (bytes <= this.#limits.bytes && blobs <= this.#limits.blobs) return { before, generation };
      await this.#forget(tx, { owner, hash });
      throw quotaReached(size, await this.usage(account, tx), this.#limits);
    });
    if (before !== undefined) await this.#blobs.discard(hash, keeperOf({ owner, generation: before }));
    return { owner, hash, generation, sizeBytes: size };
  }

  /** The owner's unfinished upload, or undefined without one. Keeps it from expiring. */
  async goOn(caller: Caller, hash: BlobHash): Promise<Reservation | undefined> {
    const owner = ownerOf(caller);
    const row = await this.#database.reader
      .updateTable("blob_uploads")
      .set({ touched_at: new Date(this.#clock.now()) })
      .where("owner", "=", owner)
      .where("hash", "=", hash)
      .returning(["generation", "size_bytes"])
      .executeTakeFirst();
    return row && { owner, hash, generation: row.generation, sizeBytes: Number(row.size_bytes) };
  }

  /** Bytes that the store keeps of the owner's unfinished upload. */
  async received(caller: Caller, hash: BlobHash): Promise<number> {
    const owner = ownerOf(caller);
    const row = await this.#database.reader
      .selectFrom("blob_uploads")
      .select("generation")
      .where("owner", "=", owner)
      .where("hash", "=", hash)
      .executeTakeFirst();
    return row === undefined ? 0 : this.#blobs.received(hash, keeperOf({ owner, generation: row.generation }));
  }

  /** Whether the reservation stands. Keeps it from expiring. */
  async touch({ owner, hash, generation }: Reservation): Promise<boolean> {
    const row = await this.#database.reader
      .updateTable("blob_uploads")
      .set({ touched_at: new Date(this.#clock.now()) })
      .where("owner", "=", owner)
      .where("hash", "=", hash)
      .where("generation", "=", generation)
      .returning("generation")
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Whether the reservation stands; if not, what the store got for it is thrown away. */
  async settle(reservation: Reservation): Promise<boolean> {
    if (await this.touch(reservation)) return true;
    await this.#blobs.discard(reservation.hash, keeperOf(reservation));
    return false;
  }

  /**
   * The owner has handed over all bytes of the blob: they are its account's now. False, and they are not, when the
   * reservation no longer stands: nobody has counted them.
   */
  async finish(caller: Caller, reservation: Reservation): Promise<boolean> {
    const { hash, sizeBytes } = reservation;
    return this.#database.transaction(async (tx) => {
      if ((await this.#forget(tx, reservation)) === undefined) return false;
      await this.#accounts.grantBlob(tx, caller.account, hash, sizeBytes, caller.machine);
      return true;
    });
  }

  /** The upload has come to nothing: its room is free again. */
  async release(reservation: Reservation): Promise<void> {
    await this.#forget(this.#database.reader, reservation);
  }

  /** Throws away uploads that nobody goes on with, and ends the day of what agents delivered. */
  async forgetExpired(): Promise<void> {
    const now = this.#clock.now();
    await this.#accounts.forgetExpired();
    await this.#database.transaction(async (tx) => {
      const expired = await tx
        .selectFrom("blob_uploads")
        .select(["owner", "hash", "generation"])
        .where("touched_at", "<=", new Date(now - UNFINISHED_MS))
        .limit(MOST_EXPIRED)
        .forUpdate()
        .skipLocked()
        .execute();
      // The bytes go first: after a crash in between the row is still there to throw them away again.
      for (const upload of expired) {
        await this.#blobs.discard(upload.hash, keeperOf(upload));
        await this.#forget(tx, upload);
      }
    });
    await this.#forgetStrays();
  }

  /** Throws away bytes in the store that no row stands for. A row is there before its bytes and never comes again. */
  async #forgetStrays(): Promise<void> {
    let some: { readonly hash: BlobHash; readonly owner: string }[] = [];
    const check = async () => {
      const rows = await this.#database.reader
        .selectFrom("blob_uploads")
        .select(["owner", "hash", "generation"])
        .where("hash", "in", [...new Set(some.map(({ hash }) => hash))])
        .execute();
      const known = new Set(rows.map((row) => `${row.hash} ${keeperOf(row)}`));
      for (const { hash, owner } of some) {
        if (!known.has(`${hash} ${owner}`)) await this.#blobs.discard(hash, owner);
      }
      some = [];
    };
    for await (const upload of this.#blobs.unfinished()) {
      some.push(upload);
      if (some.length === MOST_LOOKED_UP) await check();
    }
    if (some.length > 0) await check();
  }

  /** Takes a reservation away, or without a generation whichever there is. Its generation, or undefined without one. */
  async #forget(
    tx: Reader | Tx,
    { owner, hash, generation }: Pick<Reservation, "owner" | "hash"> & { readonly generation?: string },
  ): Promise<string | undefined> {
    const row = await tx
      .deleteFrom("blob_uploads")
      .where("owner", "=", owner)
      .where("hash", "=", hash)
      .$if(generation !== undefined, (query) => query.where("generation", "=", generation ?? ""))
      .returning("generation")
      .executeTakeFirst();
    return row?.generation;
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
