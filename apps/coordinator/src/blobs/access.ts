import type { Address, BlobHash } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import type { Accounts } from "../accounts/accounts.ts";
import type { Database } from "../platform/database/database.ts";
import type { Caller } from "../platform/http/call.ts";

/**
 * Who may do what with a blob. To know a hash is no right: an account may read what it uploaded (all of the bytes) or
 * what its workloads produced; an agent also the inputs of the attempts that live on its machine.
 */
export class BlobAccess {
  readonly #database: Database;
  readonly #accounts: Accounts;
  readonly #clock: Clock;
  readonly #mayRead: (caller: Caller, hash: BlobHash) => Promise<boolean>;

  constructor(parts: {
    readonly database: Database;
    readonly accounts: Accounts;
    readonly clock: Clock;
    /** Reasons beyond having uploaded it, which the market's own parts know. */
    readonly mayRead: (caller: Caller, hash: BlobHash) => Promise<boolean>;
  }) {
    this.#database = parts.database;
    this.#accounts = parts.accounts;
    this.#clock = parts.clock;
    this.#mayRead = parts.mayRead;
  }

  async #owns(caller: Caller, hash: BlobHash): Promise<boolean> {
    return (await this.#accounts.ownedBlobSize(caller.account, hash)) !== undefined;
  }

  async mayRead(caller: Caller, hash: BlobHash): Promise<boolean> {
    return (await this.#owns(caller, hash)) || (await this.#mayRead(caller, hash));
  }

  /** The account has shown that it holds all bytes of the blob. */
  async uploaded(account: Address, hash: BlobHash, sizeBytes: number): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await this.#accounts.grantBlob(tx, account, hash, sizeBytes);
      await tx.deleteFrom("blob_uploads").where("hash", "=", hash).where("account", "=", account).execute();
    });
  }

  /** The account starts an upload anew: what another one had begun is no longer anyone's to go on with. */
  async begin(account: Address, hash: BlobHash): Promise<void> {
    const startedAt = new Date(this.#clock.now());
    await this.#database.reader
      .insertInto("blob_uploads")
      .values({ hash, account, started_at: startedAt })
      .onConflict((conflict) => conflict.column("hash").doUpdateSet({ account, started_at: startedAt }))
      .execute();
  }

  /** Whether the unfinished upload of the blob is the account's own. */
  async began(account: Address, hash: BlobHash): Promise<boolean> {
    const row = await this.#database.reader
      .selectFrom("blob_uploads")
      .select("account")
      .where("hash", "=", hash)
      .executeTakeFirst();
    return row?.account === account;
  }
}
