import { createHash } from "node:crypto";
import type { Address, Hex } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";
import { SCOPES, type Scope } from "@corepool/protocol/route";
import type { Database } from "../platform/database/database.ts";
import type { Caller } from "../platform/http/call.ts";

const WALLET_MS = 12 * 3600_000;
/** Ends with the next connection of the machine at the latest; the time only bounds a token that was lost. */
const AGENT_MS = 30 * 86_400_000;

/** All that a person who signed in with the wallet itself may do. */
const WALLET_SCOPES: ReadonlySet<Scope> = new Set(SCOPES.filter((scope) => scope !== "agent"));
const AGENT_SCOPES: ReadonlySet<Scope> = new Set<Scope>(["agent"]);

const TOKEN = /^corepool_(session|agent)_[A-Za-z0-9_-]{43}$/;

const hashOf = (token: string) => createHash("sha256").update(token).digest();

/** Bearer tokens of 256 bits; the database holds their hashes. */
export class Sessions {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(database: Database, clock: Clock, random: Random) {
    this.#database = database;
    this.#clock = clock;
    this.#random = random;
  }

  /** A new session of a wallet, twelve hours long. */
  async start(account: Address): Promise<{ readonly token: string; readonly expiresAt: Date }> {
    const token = this.#token("session");
    const now = this.#clock.now();
    const expiresAt = new Date(now + WALLET_MS);
    await this.#database.transaction(async (tx) => {
      await tx
        .insertInto("accounts")
        .values({ address: account, created_at: new Date(now) })
        .onConflict((c) => c.doNothing())
        .execute();
      await tx
        .insertInto("sessions")
        .values({
          token_hash: hashOf(token),
          account,
          kind: "wallet",
          machine: null,
          created_at: new Date(now),
          expires_at: expiresAt,
        })
        .execute();
    });
    return { token, expiresAt };
  }

  /** The token of a connected agent. Older ones of its machine stop working. */
  async startAgent(provider: Address, machine: Hex): Promise<string> {
    const token = this.#token("agent");
    const now = this.#clock.now();
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom("sessions").where("machine", "=", machine.toLowerCase()).execute();
      await tx
        .insertInto("sessions")
        .values({
          token_hash: hashOf(token),
          account: provider.toLowerCase() as Address,
          kind: "agent",
          machine: machine.toLowerCase(),
          created_at: new Date(now),
          expires_at: new Date(now + AGENT_MS),
        })
        .execute();
    });
    return token;
  }

  /**
   * Who holds a token; undefined for one that is unknown or has expired. What was once refused as expired stays so, also
   * when the clock is set back.
   */
  async caller(token: string): Promise<Caller | undefined> {
    if (!TOKEN.test(token)) return undefined;
    const row = await this.#database.reader
      .selectFrom("sessions")
      .select(["account", "kind", "machine", "expires_at"])
      .where("token_hash", "=", hashOf(token))
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if (row.expires_at.getTime() <= this.#clock.now()) {
      await this.end(token);
      return undefined;
    }
    if (row.machine === null) return { kind: "wallet", account: row.account, scopes: WALLET_SCOPES };
    return { kind: "agent", account: row.account, scopes: AGENT_SCOPES, machine: row.machine as Hex };
  }

  /** Ends the session of a token. */
  async end(token: string): Promise<void> {
    await this.#database.reader.deleteFrom("sessions").where("token_hash", "=", hashOf(token)).execute();
  }

  async forgetExpired(): Promise<void> {
    await this.#database.reader.deleteFrom("sessions").where("expires_at", "<=", new Date(this.#clock.now())).execute();
  }

  #token(kind: "session" | "agent"): string {
    return `corepool_${kind}_${Buffer.from(this.#random.bytes(32)).toString("base64url")}`;
  }
}
