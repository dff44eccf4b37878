import type { Address, Hex } from "@corepool/core/hex";
import type { TransactionOutcome, TransactionRequest } from "@corepool/core/ports/chain";
import type { SqlQuery } from "../sql.ts";
import { current, type Failure, type Outgoing, type Signed } from "./record.ts";
import type { SenderStore } from "./store.ts";

const COLUMNS =
  "intent, to_address, data, value::text as value, state, signed::text as signed, outcome::text as outcome, failure::text as failure";

/** Keeps an account's transactions in the table `chain_transactions` (see migration.ts). */
export function postgresSenderStore(sql: SqlQuery, account: Address): SenderStore {
  const owner = account.toLowerCase();

  async function find(intent: string): Promise<Outgoing | undefined> {
    const { rows } = await sql.query(`select ${COLUMNS} from chain_transactions where account = $1 and intent = $2`, [
      owner,
      intent,
    ]);
    return rows[0] === undefined ? undefined : read(rows[0]);
  }

  return {
    find,
    async add(request: TransactionRequest) {
      await sql.query(
        "insert into chain_transactions (account, intent, to_address, data, value) values ($1, $2, $3, $4, $5::numeric) on conflict (account, intent) do nothing",
        [owner, request.intent, request.to, request.data, String(request.value ?? 0n)],
      );
      const kept = await find(request.intent);
      if (kept === undefined) throw new Error(`the transaction ${request.intent} was removed while it was added`);
      return kept;
    },
    async unfinished() {
      const { rows } = await sql.query(
        `select ${COLUMNS} from chain_transactions where account = $1 and state in ('queued', 'sent', 'mined') order by id`,
        [owner],
      );
      return rows.map(read);
    },
    async save(record) {
      const live = record.state === "sent" || record.state === "mined";
      const { rows } = await sql.query(
        `update chain_transactions set state = $3, signed = $4::jsonb, outcome = $5::jsonb, failure = $6::jsonb, live_nonce = $7::bigint, updated_at = now()
          where account = $1 and intent = $2 and $4::jsonb @> signed and state not in ('final', 'failed')
            and ($7::bigint is null or not exists (select from chain_transactions o where o.account = $1 and o.intent <> $2 and o.live_nonce = $7::bigint))
          returning 1`,
        [
          owner,
          record.intent,
          record.state,
          write(record.signed),
          write(record.outcome),
          write(record.failure),
          live ? (current(record)?.nonce ?? null) : null,
        ],
      );
      return rows.length === 1;
    },
  };
}

type Row = Readonly<Record<string, unknown>>;

function read(row: Row): Outgoing {
  const text = (name: string) => String(row[name]);
  return {
    intent: text("intent"),
    to: text("to_address") as Address,
    data: text("data") as Hex,
    value: BigInt(text("value")),
    state: text("state") as Outgoing["state"],
    signed: parse<Signed[]>(row.signed) ?? [],
    outcome: parse<TransactionOutcome>(row.outcome),
    failure: parse<Failure>(row.failure),
  };
}

/** Bigints travel as {"$": "digits"}: JSON numbers would lose them. */
function write(value: unknown): string | null {
  return value === undefined
    ? null
    : JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? { $: String(v) } : v));
}

function parse<T>(value: unknown): T | undefined {
  if (typeof value !== "string") return undefined;
  return JSON.parse(value, (_, v: unknown) =>
    typeof v === "object" && v !== null && "$" in v ? BigInt(String(v.$)) : v,
  ) as T;
}
