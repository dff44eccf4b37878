import { createHash, timingSafeEqual } from "node:crypto";
import { CorepoolError } from "@corepool/core/errors";
import { newId } from "@corepool/core/ids";
import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";
import type { apiKey } from "@corepool/protocol/resources";
import type { Scope } from "@corepool/protocol/route";
import { type Selectable, sql } from "kysely";
import type { z } from "zod";
import type { Database, Tx } from "../platform/database/database.ts";
import type { PlatformTables } from "../platform/database/platform-tables.ts";
import type { Caller } from "../platform/http/call.ts";
import { pager } from "../platform/http/page.ts";
import { idOfApiKeyToken, makeApiKeyToken } from "./api-key-token.ts";

type Row = Selectable<PlatformTables["api_keys"]>;
export type ApiKeyView = z.output<typeof apiKey>;

/** How exact "last used" is: one write a minute, not one per request. */
const LAST_USED_STEP_MS = 60_000;

const hashOf = (token: string) => createHash("sha256").update(token).digest();

const view = (row: Row): ApiKeyView => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes,
  spendCap: row.spend_cap?.toString() ?? null,
  spent: row.spent.toString(),
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at?.toISOString() ?? null,
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
  revokedAt: row.revoked_at?.toISOString() ?? null,
});

export interface NewApiKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Base units of whichever token is spent, as a decimal string. */
  readonly spendCap?: string | undefined;
  readonly expiresAt?: string | undefined;
}

/** Keys for programs: a subset of their maker's rights, an expiry, a cap on what they may commit. */
export class ApiKeys {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(database: Database, clock: Clock, random: Random) {
    this.#database = database;
    this.#clock = clock;
    this.#random = random;
  }

  /** Makes a key; the secret is in the answer and nowhere else. Rejects with `forbidden` or `bad-request`. */
  async create(
    tx: Tx,
    caller: Caller,
    wanted: NewApiKey,
  ): Promise<{ readonly key: ApiKeyView; readonly secret: string }> {
    const now = this.#clock.now();
    await this.#mayCreate(tx, caller, wanted);
    if (wanted.expiresAt !== undefined && Date.parse(wanted.expiresAt) <= now) {
      throw new CorepoolError("bad-request", {
        detail: "/expiresAt: the key would have expired already.",
        next: "Choose a time in the future.",
        data: { errors: [{ pointer: "/expiresAt", code: "past", message: "must be in the future" }] },
      });
    }
    const id = newId("key", this.#clock, this.#random);
    const secret = makeApiKeyToken(id, this.#random);
    const row = await tx
      .insertInto("api_keys")
      .values({
        id,
        account: caller.account,
        name: wanted.name,
        key_hash: hashOf(secret),
        scopes: [...new Set(wanted.scopes)],
        spend_cap: wanted.spendCap === undefined ? null : BigInt(wanted.spendCap),
        spent: 0n,
        created_at: new Date(now),
        expires_at: wanted.expiresAt === undefined ? null : new Date(wanted.expiresAt),
        last_used_at: null,
        revoked_at: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { key: view(row), secret };
  }

  /** The account's keys, newest first, revoked ones too. */
  async list(caller: Caller, query: { readonly limit: number; readonly cursor?: string | undefined }) {
    const { after, page } = pager(`listApiKeys ${caller.account}`, {});
    const position = after(query.cursor);
    let rows = this.#database.reader.selectFrom("api_keys").selectAll().where("account", "=", caller.account);
    if (position !== undefined) {
      rows = rows.where(sql<boolean>`(created_at, id) < (${new Date(position.at)}::timestamptz, ${position.id}::text)`);
    }
    const found = await rows
      .orderBy("created_at", "desc")
      .orderBy("id", "desc")
      .limit(query.limit + 1)
      .execute();
    return page(found, query.limit, (row) => ({ at: row.created_at.getTime(), id: row.id }), view);
  }

  /** Revokes a key of the caller's account; the next request with it is refused. Rejects with `not-found`. */
  async revoke(caller: Caller, id: string): Promise<void> {
    const row = await this.#database.reader
      .updateTable("api_keys")
      .set({ revoked_at: sql`coalesce(revoked_at, ${new Date(this.#clock.now())})` })
      .where("id", "=", id)
      .where("account", "=", caller.account)
      .returning("id")
      .executeTakeFirst();
    if (row !== undefined) return;
    throw new CorepoolError("not-found", {
      detail: `You have no API key ${id}.`,
      next: "List your keys to see their ids.",
    });
  }

  /**
   * Who holds a key; undefined when it is unknown, wrong, expired or revoked. One that was once refused as expired is
   * revoked, so that a clock that is set back does not bring it to life again.
   */
  async caller(token: string): Promise<Caller | undefined> {
    const id = idOfApiKeyToken(token);
    if (id === undefined) return undefined;
    const row = await this.#database.reader.selectFrom("api_keys").selectAll().where("id", "=", id).executeTakeFirst();
    if (row === undefined || !timingSafeEqual(row.key_hash, hashOf(token))) return undefined;
    const now = this.#clock.now();
    if (row.revoked_at !== null) return undefined;
    if (row.expires_at !== null && row.expires_at.getTime() <= now) {
      await this.#database.reader
        .updateTable("api_keys")
        .set({ revoked_at: sql`coalesce(revoked_at, expires_at)` })
        .where("id", "=", id)
        .execute();
      return undefined;
    }
    if (row.last_used_at === null || row.last_used_at.getTime() <= now - LAST_USED_STEP_MS) {
      await this.#database.reader
        .updateTable("api_keys")
        .set({ last_used_at: new Date(now) })
        .where("id", "=", id)
        .execute();
    }
    return { kind: "key", account: row.account, scopes: new Set(row.scopes as Scope[]), keyId: id };
  }

  /** Counts against the key's cap within the transaction. Rejects with `spend-cap-reached`. */
  async reserveSpend(tx: Tx, keyId: string, amount: bigint): Promise<void> {
    const row = await tx
      .updateTable("api_keys")
      .set((e) => ({ spent: e("spent", "+", amount) }))
      .where("id", "=", keyId)
      .where("revoked_at", "is", null)
      .where((e) => e.or([e("spend_cap", "is", null), e("spend_cap", ">=", e("spent", "+", amount))]))
      .returning("id")
      .executeTakeFirst();
    if (row !== undefined) return;
    const key = await tx
      .selectFrom("api_keys")
      .select(["spend_cap", "spent"])
      .where("id", "=", keyId)
      .executeTakeFirst();
    throw new CorepoolError("spend-cap-reached", {
      detail: `The API key may commit ${key?.spend_cap ?? 0n} base units in all, has committed ${key?.spent ?? 0n}, and this needs ${amount}.`,
      next: "Make a key with a higher cap, or accept with the wallet itself.",
      data: { spendCap: String(key?.spend_cap ?? 0n), spent: String(key?.spent ?? 0n), needed: amount.toString() },
    });
  }

  /** Nobody hands on more than he has; a limited key would lose its limits by making another. */
  async #mayCreate(tx: Tx, caller: Caller, wanted: NewApiKey): Promise<void> {
    const beyond = wanted.scopes.filter((scope) => !caller.scopes.has(scope));
    const maker =
      caller.keyId === undefined
        ? undefined
        : await tx
            .selectFrom("api_keys")
            .select(["spend_cap", "expires_at"])
            .where("id", "=", caller.keyId)
            .executeTakeFirst();
    const limited = maker !== undefined && (maker.spend_cap !== null || maker.expires_at !== null);
    if (beyond.length === 0 && !limited) return;
    throw new CorepoolError("forbidden", {
      detail: limited
        ? "A key with a spend cap or an expiry cannot make other keys."
        : `The caller does not have the scopes ${beyond.join(", ")} and cannot give them to a key.`,
      next: "Sign in with the wallet itself to make this key.",
      data: { beyond },
    });
  }
}
