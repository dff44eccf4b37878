import type { Address, Hex } from "@corepool/core/hex";
import { forecastSpend } from "@corepool/core/spend";
import type { LedgerEntry, SpendView } from "@corepool/protocol/resources";
import { sql } from "kysely";
import type { ListedToken } from "../market/context.ts";
import { timestampOf } from "../market/context.ts";
import type { Reader } from "../platform/database/database.ts";

const DAY_MS = 86_400_000;

export interface LedgerFilter {
  readonly token?: Address | undefined;
  readonly kind?: LedgerEntry["kind"] | undefined;
  readonly workload?: string | undefined;
  /** In lower case. */
  readonly machine?: Hex | undefined;
}

/** Whether an entry is of a lease of a machine: of one that was ordered here, or that the chain alone told of. */
const ofMachine = (machine: Hex) => sql<boolean>`(leases.machine = ${machine} or exists (
  select 1 from chain_facts fact
  join units on units.provider = lower(fact.value #>> '{terms,provider}')
    and units.unit::text = fact.value #>> '{terms,unit}'
  where fact.kind = 'lease' and fact.key = entry.lease and units.machine = ${machine}
))`;

/** Entries of an account's ledger, newest first, below `before`. */
export async function ledgerPage(
  reader: Reader,
  account: Address,
  filter: LedgerFilter,
  limit: number,
  before: string | undefined,
): Promise<LedgerEntry[]> {
  let query = reader
    .selectFrom("ledger_entries as entry")
    .leftJoin("leases", "leases.id", "entry.lease")
    .leftJoin("chain_progress as progress", (join) => join.onTrue())
    .selectAll("entry")
    .select(["leases.workload", "leases.client", "progress.finalized"])
    .where("entry.account", "=", account);
  if (filter.token !== undefined) query = query.where("entry.token", "=", filter.token);
  if (filter.kind !== undefined) query = query.where("entry.kind", "=", filter.kind);
  if (filter.workload !== undefined)
    query = query.where("leases.workload", "=", filter.workload).where("leases.client", "=", account);
  if (filter.machine !== undefined) query = query.where(ofMachine(filter.machine));
  if (before !== undefined) query = query.where("entry.id", "<", before);
  const rows = await query.orderBy("entry.id", "desc").limit(limit).execute();
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    token: row.token,
    cash: String(row.cash),
    escrow: String(row.escrow),
    lease: row.lease,
    // A provider learns nothing of whose workload it was.
    workload: row.client === account ? row.workload : null,
    transaction: row.transaction,
    block: String(row.block),
    at: timestampOf(row.at.getTime()),
    final: row.block <= (row.finalized ?? -1n),
  }));
}

/** An account in one token, as the chain's events add up to. Base units. */
interface Holding {
  readonly cash: bigint;
  readonly escrowed: bigint;
}

/**
 * What an account spent and earned in each token, by UTC day for `days` days, and where that leads. A forecast goes by the
 * days that the ledger has whole.
 */
export async function spendOf(
  reader: Reader,
  tokens: readonly (ListedToken & { readonly holding: Holding })[],
  account: Address,
  days: number,
  now: number,
): Promise<SpendView> {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const first = today - (days - 1) * DAY_MS;
  const [rows, leases, start] = await Promise.all([
    reader
      .selectFrom("ledger_entries")
      .select(["token", "kind"])
      .select(sql<Date>`date_trunc('day', at, 'UTC')`.as("day"))
      .select((e) =>
        e.fn.sum<bigint>(sql`cash + case when kind in ('payment', 'fee') then escrow else 0 end`).as("sum"),
      )
      .where("account", "=", account)
      .where("at", ">=", new Date(first))
      .groupBy(["token", "kind", "day"])
      .execute(),
    reader
      .selectFrom("leases")
      .select("token")
      .select((e) => e.fn.sum<bigint>("rate").as("rate"))
      .where("client", "=", account)
      .where("state", "=", "open")
      .groupBy("token")
      .execute(),
    reader.selectFrom("ledger_start").select("at").executeTakeFirst(),
  ]);
  const since = start?.at.getTime() ?? Number.NEGATIVE_INFINITY;
  const absolute = (sum: bigint) => (sum < 0n ? -sum : sum);
  return {
    completeSince: start === undefined ? null : timestampOf(start.at.getTime()),
    tokens: tokens.map(({ address, holding }) => {
      const perDay = Array.from({ length: days }, (_, i) => {
        const at = first + i * DAY_MS;
        const of = (kind: LedgerEntry["kind"]) =>
          absolute(
            rows.find((row) => row.token === address && row.kind === kind && row.day.getTime() === at)?.sum ?? 0n,
          );
        const [paid, fee] = [of("payment"), of("fee")];
        return { day: timestampOf(at).slice(0, 10), spent: paid + fee, fee, earned: of("earning") };
      });
      const rate = leases.find((row) => row.token === address)?.rate ?? 0n;
      const forecast = forecastSpend({
        // Of an earlier day in whose midst the ledger began nothing is known.
        perDay: perDay.filter((_, i) => i === days - 1 || first + i * DAY_MS >= since).map(({ spent }) => spent),
        rate,
        ...holding,
      });
      return {
        token: address,
        days: perDay.map(({ day, spent, fee, earned }) => ({
          day,
          spent: String(spent),
          fee: String(fee),
          earned: String(earned),
        })),
        rate: String(rate),
        forecast: {
          averageDay: String(forecast.averageDay),
          nextThirtyDays: String(forecast.nextThirtyDays),
          runsOutSeconds: forecast.runsOutSeconds,
        },
      };
    }),
  };
}
