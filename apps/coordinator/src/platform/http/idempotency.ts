import { createHash } from "node:crypto";
import { CorepoolError } from "@corepool/core/errors";
import { toHex } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";
import type { Database, Reader } from "../database/database.ts";
import { openAnswer, type StoredAnswer, sealAnswer } from "./sealed-answer.ts";

/** How long an answer is kept for repeats. */
const KEEP_MS = 24 * 3600_000;
/** A run that has not renewed its lock for so long is taken for dead (its process was killed); a repeat takes its place. */
const LOCK_MS = 6_000;
const RENEW_MS = 2_000;
/** A run that has not answered for so long renews no more. */
const LONGEST_MS = 60_000;

/** Sixteen printable characters at least: the key also protects the stored answer. */
const KEY = /^[\x21-\x7e]{16,255}$/;

/** One request under an Idempotency-Key. */
export interface IdempotentRun {
  /** Stores the answer in the caller's transaction. Rejects with `idempotency-in-progress` when a repeat took over. */
  settle(tx: Reader, answer: StoredAnswer): Promise<void>;
  /** Stores the answer by itself, unless one is stored already. */
  finish(answer: StoredAnswer): Promise<void>;
  /** Forgets the request, so that a repeat runs it again. */
  abandon(): Promise<void>;
}

export interface IdempotentRequest {
  /** Who and what the key is valid for: account and operation. */
  readonly scope: string;
  readonly key: string;
  /** The caller's bearer token; together with the key it encrypts the stored answer. Empty when signed out. */
  readonly credential: string;
  readonly fingerprint: Uint8Array;
}

/** Checks the header of an idempotent route. Rejects with `idempotency-key-missing` or `bad-request`. */
export function idempotencyKeyOf(request: Request): string {
  const key = request.headers.get("idempotency-key");
  if (key === null || key === "") {
    throw new CorepoolError("idempotency-key-missing", {
      detail: "This route needs an Idempotency-Key header, so that a repeat is not done twice.",
      next: "Send a fresh random key (a UUID) per action, and the same one when you repeat it.",
    });
  }
  if (!KEY.test(key)) {
    throw new CorepoolError("bad-request", {
      detail: "The Idempotency-Key must be 16 to 255 printable characters without spaces.",
      next: "Use a random UUID.",
      data: {
        errors: [{ pointer: "headers/idempotency-key", code: "format", message: "16 to 255 printable characters" }],
      },
    });
  }
  return key;
}

/** What makes two requests the same: method, target and body. */
export function fingerprintOf(request: Request, body: Uint8Array): Uint8Array {
  const url = new URL(request.url);
  return createHash("sha256").update(`${request.method} ${url.pathname}${url.search}\n`).update(body).digest();
}

/** Remembers answers per account, operation and key for a day (draft-ietf-httpapi-idempotency-key-header). */
export class Idempotency {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(database: Database, clock: Clock, random: Random) {
    this.#database = database;
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Begins a run, or returns the answer of an earlier one. Rejects with `idempotency-key-reused` when the key was used
   * for another request, `idempotency-in-progress` when its first run has not answered yet.
   */
  async begin(
    request: IdempotentRequest,
  ): Promise<{ readonly run: IdempotentRun } | { readonly replay: StoredAnswer }> {
    const keyHash = createHash("sha256").update(request.key).digest();
    const owner = toHex(this.#random.bytes(16));
    const now = this.#clock.now();
    const mine = await this.#database.reader
      .insertInto("idempotency")
      .values({
        scope: request.scope,
        key_hash: keyHash,
        fingerprint: request.fingerprint,
        owner,
        locked_until: new Date(now + LOCK_MS),
        expires_at: new Date(now + KEEP_MS),
      })
      .onConflict((conflict) =>
        conflict
          .columns(["scope", "key_hash"])
          .doUpdateSet((e) => ({
            fingerprint: e.ref("excluded.fingerprint"),
            owner: e.ref("excluded.owner"),
            locked_until: e.ref("excluded.locked_until"),
            expires_at: e.ref("excluded.expires_at"),
            status: null,
            answer: null,
          }))
          .where((e) =>
            e.or([
              e("idempotency.expires_at", "<=", new Date(now)),
              e.and([
                e("idempotency.status", "is", null),
                e("idempotency.locked_until", "<=", new Date(now)),
                e("idempotency.fingerprint", "=", e.ref("excluded.fingerprint")),
              ]),
            ]),
          ),
      )
      .returning("owner")
      .executeTakeFirst();
    if (mine?.owner === owner) return { run: this.#run(request, keyHash, owner) };
    return { replay: await this.#earlier(request, keyHash) };
  }

  /** Drops what is older than a day. */
  async forgetExpired(): Promise<void> {
    await this.#database.reader
      .deleteFrom("idempotency")
      .where("expires_at", "<=", new Date(this.#clock.now()))
      .execute();
  }

  async #earlier(request: IdempotentRequest, keyHash: Uint8Array): Promise<StoredAnswer> {
    const row = await this.#database.reader
      .selectFrom("idempotency")
      .select(["fingerprint", "answer"])
      .where("scope", "=", request.scope)
      .where("key_hash", "=", keyHash)
      .executeTakeFirst();
    if (row !== undefined && Buffer.compare(row.fingerprint, request.fingerprint) !== 0)
      throw reused("another request");
    if (row === undefined || row.answer === null) throw inProgress();
    const answer = openAnswer(row.answer, request.key, request.credential);
    if (answer === undefined) throw reused("the same request under another credential");
    return answer;
  }

  /** Keeps a run's lock while it runs. A renewal that fails is no matter: the next one may succeed. */
  async #renew(request: IdempotentRequest, keyHash: Uint8Array, owner: string, over: AbortSignal): Promise<void> {
    const begun = this.#clock.monotonic();
    for (;;) {
      await this.#clock.sleep(RENEW_MS, over);
      if (this.#clock.monotonic() - begun > LONGEST_MS) return;
      await this.#database.reader
        .updateTable("idempotency")
        .set({ locked_until: new Date(this.#clock.now() + LOCK_MS) })
        .where("scope", "=", request.scope)
        .where("key_hash", "=", keyHash)
        .where("owner", "=", owner)
        .where("status", "is", null)
        .execute()
        .catch(() => undefined);
    }
  }

  #run(request: IdempotentRequest, keyHash: Uint8Array, owner: string): IdempotentRun {
    const over = new AbortController();
    this.#renew(request, keyHash, owner, over.signal).catch(() => undefined);
    const store = async (db: Reader, answer: StoredAnswer): Promise<boolean> => {
      const sealed = sealAnswer(answer, request.key, request.credential, this.#random);
      const result = await db
        .updateTable("idempotency")
        .set({ status: answer.status, answer: sealed })
        .where("scope", "=", request.scope)
        .where("key_hash", "=", keyHash)
        .where("owner", "=", owner)
        .where("status", "is", null)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    };
    return {
      async settle(tx, answer) {
        if (!(await store(tx, answer))) throw inProgress();
      },
      finish: async (answer) => {
        over.abort();
        await store(this.#database.reader, answer);
      },
      abandon: async () => {
        over.abort();
        await this.#database.reader
          .deleteFrom("idempotency")
          .where("scope", "=", request.scope)
          .where("key_hash", "=", keyHash)
          .where("owner", "=", owner)
          .where("status", "is", null)
          .execute();
      },
    };
  }
}

const reused = (forWhat: string) =>
  new CorepoolError("idempotency-key-reused", {
    detail: `The Idempotency-Key was used before for ${forWhat}.`,
    next: "Use a fresh key for a new action.",
  });

const inProgress = () =>
  new CorepoolError("idempotency-in-progress", {
    detail: "The first request with this Idempotency-Key has not been answered yet.",
    next: "Wait a second and send it again.",
    data: { retryAfter: 1 },
  });
