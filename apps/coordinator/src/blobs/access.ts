import type { BlobHash } from "@corepool/core/hex";
import type { Accounts } from "../accounts/accounts.ts";
import type { Caller } from "../platform/http/call.ts";

/**
 * Who may read a blob. To know a hash is no right: an account may read what it uploaded (all of the bytes) or what its
 * workloads produced; an agent also the inputs of the attempts that live on its machine.
 */
export class BlobAccess {
  readonly #accounts: Accounts;
  readonly #mayRead: (caller: Caller, hash: BlobHash) => Promise<boolean>;

  constructor(parts: {
    readonly accounts: Accounts;
    /** Reasons beyond having uploaded it, which the market's own parts know. */
    readonly mayRead: (caller: Caller, hash: BlobHash) => Promise<boolean>;
  }) {
    this.#accounts = parts.accounts;
    this.#mayRead = parts.mayRead;
  }

  /**
   * Whether all bytes of the blob have come from the caller, or it may use it as if they had. An agent that may read a
   * blob only as somebody's input has delivered nothing: an output with the same bytes is still to be uploaded.
   */
  async delivered(caller: Caller, hash: BlobHash): Promise<boolean> {
    const owned = (await this.#accounts.ownedBlobSize(caller.account, hash)) !== undefined;
    return owned || (caller.machine === undefined && (await this.#mayRead(caller, hash)));
  }

  async mayRead(caller: Caller, hash: BlobHash): Promise<boolean> {
    const owned = (await this.#accounts.ownedBlobSize(caller.account, hash)) !== undefined;
    return owned || this.#mayRead(caller, hash);
  }
}
