import type { Idempotency, IdempotentRequest } from "@corepool/coordinator/platform/http/idempotency";
import type { StoredAnswer } from "@corepool/coordinator/platform/http/sealed-answer";
import { CorepoolError } from "@corepool/core/errors";
import type { SimProcess } from "../world/process.ts";
import { type SimDatabase, SimTransaction } from "./database.ts";

interface Kept {
  readonly fingerprint: string;
  readonly owner: number;
  readonly lockedUntil: number;
  readonly answer: StoredAnswer | undefined;
}

const TABLE = "idempotency";
const LOCK_MS = 60_000;

/** Answers by their key, by the same rules as on PostgreSQL; what encrypts them there has no part in that. */
export function simIdempotency(database: SimDatabase, process: SimProcess): Pick<Idempotency, "begin"> {
  const nameOf = ({ scope, key }: IdempotentRequest) => `${scope} ${key}`;
  const inProgress = () =>
    new CorepoolError("idempotency-in-progress", {
      detail: "The first request with this Idempotency-Key has not been answered yet.",
      data: { retryAfter: 1 },
    });
  return {
    begin: (request) =>
      database.transaction(process, async (tx) => {
        const name = nameOf(request);
        await tx.lockRow(TABLE, name);
        const known = tx.get<Kept>(TABLE, name);
        const fingerprint = Buffer.from(request.fingerprint).toString("hex");
        const now = process.clock.now();
        if (known !== undefined && known.fingerprint !== fingerprint) {
          throw new CorepoolError("idempotency-key-reused", { detail: "The key was used for another request." });
        }
        if (known?.answer !== undefined) return { replay: known.answer };
        if (known !== undefined && known.lockedUntil > now) throw inProgress();
        const owner = tx.next(TABLE);
        await tx.write(TABLE, name, { fingerprint, owner, lockedUntil: now + LOCK_MS, answer: undefined });
        const store = async (inTx: SimTransaction, answer: StoredAnswer): Promise<boolean> => {
          await inTx.lockRow(TABLE, name);
          const mine = inTx.get<Kept>(TABLE, name);
          if (mine?.owner !== owner || mine.answer !== undefined) return false;
          await inTx.write(TABLE, name, { ...mine, answer });
          return true;
        };
        return {
          run: {
            async settle(given, answer) {
              // The routes hand through the transaction that the simulation gave them.
              const own: unknown = given;
              if (!(own instanceof SimTransaction)) throw new TypeError("this is no transaction of the simulation");
              if (!(await store(own, answer))) throw inProgress();
            },
            finish: (answer) => database.transaction(process, async (own) => void (await store(own, answer))),
            abandon: () =>
              database.transaction(process, async (own) => {
                await own.lockRow(TABLE, name);
                const mine = own.get<Kept>(TABLE, name);
                if (mine?.owner === owner && mine.answer === undefined) await own.write(TABLE, name, undefined);
              }),
          },
        };
      }),
  };
}
