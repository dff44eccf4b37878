import type { NetworkView } from "@corepool/protocol/resources";
import { sql } from "kysely";
import { type MarketContext, secondsOf, timestampOf } from "../market/context.ts";
import { pricesOf } from "../offers/browse.ts";
import { busy } from "../offers/repository.ts";
import type { Reader } from "../platform/database/database.ts";

const DAY_MS = 86_400_000;
const BUCKETS = 24;

interface Capacity {
  readonly cpus: bigint | null;
  readonly memory: bigint | null;
  readonly gpus: bigint | null;
}

const capacityOf = ({ cpus, memory, gpus }: Capacity): NetworkView["supply"] => ({
  cpus: Number(cpus ?? 0n),
  memoryBytes: Number(memory ?? 0n),
  gpus: Number(gpus ?? 0n),
});

/** Counts the whole market. Some ten queries over everything that is open: to be asked for seldom. */
export async function countNetwork(
  reader: Reader,
  context: Pick<MarketContext, "clock" | "chain" | "tokens">,
): Promise<NetworkView> {
  const now = context.clock.now();
  const yesterday = new Date(now - DAY_MS);
  const head = await context.chain.head();
  const one = async <T>(query: { execute(reader: Reader): Promise<{ readonly rows: readonly T[] }> }): Promise<T> => {
    const { rows } = await query.execute(reader);
    const [row] = rows;
    if (row === undefined) throw new Error("a count has no row");
    return row;
  };
  const [machines, supply, leased, models, offers, demand, { data: prices }, settled, progress] = await Promise.all([
    one<{ total: bigint; online: bigint; providers: bigint }>(
      sql`select count(*) as total, count(*) filter (where online) as online, count(distinct provider) as providers from machines`,
    ),
    // Units of one machine overlap: what it has is in its largest.
    one<Capacity>(
      sql`select sum(cpus) as cpus, sum(memory) as memory, sum(gpus) as gpus from (
        select max(u.cpus) as cpus, max(u.memory_bytes) as memory, max(u.gpus) as gpus
        from units u join machines m on m.id = u.machine where m.online group by u.machine) as each`,
    ),
    one<Capacity>(
      sql`select sum(u.cpus) as cpus, sum(u.memory_bytes) as memory, sum(u.gpus) as gpus
        from leases l join units u on u.provider = l.provider and u.unit = l.unit join machines m on m.id = l.machine
        where l.state = 'open' and m.online`,
    ),
    sql<{ model: string; count: bigint }>`select model, count(*) as count from (
        select distinct u.machine, gpu ->> 'id' as id, gpu ->> 'model' as model
        from units u join machines m on m.id = u.machine, jsonb_array_elements(u.spec #> '{resources,gpus}') gpu
        where m.online) as each group by model order by count(*) desc, model limit 50`.execute(reader),
    one<{ open: bigint; free: bigint }>(
      sql`select count(*) as open, count(*) filter (where machines.online and not ${busy}) as free
        from offers join units on units.provider = offers.provider and units.unit = offers.unit
        join machines on machines.id = offers.machine
        where offers.open and not machines.draining
          and offers.not_before <= ${secondsOf(context.clock)} and offers.expiry >= ${secondsOf(context.clock)}`,
    ),
    one<{ pending: bigint; live: bigint; ended: bigint }>(
      sql`select count(*) filter (where state in ('pending', 'ordered')) as pending,
        count(*) filter (where ended_at is null and state not in ('pending', 'ordered')) as live,
        count(*) filter (where ended_at >= ${yesterday}) as ended
        from workloads where ended_at is null or ended_at >= ${yesterday}`,
    ),
    pricesOf(reader, { free: "true" }, secondsOf(context.clock), BUCKETS),
    sql<{ token: string; kind: string; day: bigint | null; month: bigint | null }>`select token, kind,
        sum(cash - escrow) filter (where at >= ${yesterday}) as day, sum(cash - escrow) as month
        from ledger_entries where kind in ('earning', 'fee') and at >= ${new Date(now - 30 * DAY_MS)}
        group by token, kind`.execute(reader),
    reader.selectFrom("chain_progress").selectAll().executeTakeFirst(),
  ]);
  const sum = (token: string, kind: string, span: "day" | "month") =>
    String(settled.rows.find((row) => row.token === token && row.kind === kind)?.[span] ?? 0n);
  const block = progress?.head ?? 0n;
  return {
    at: timestampOf(now),
    machines: {
      total: Number(machines.total),
      online: Number(machines.online),
      providers: Number(machines.providers),
    },
    supply: capacityOf(supply),
    leased: capacityOf(leased),
    gpuModels: models.rows.map(({ model, count }) => ({ model, count: Number(count) })),
    offers: { open: Number(offers.open), free: Number(offers.free) },
    demand: { pending: Number(demand.pending), live: Number(demand.live), endedLastDay: Number(demand.ended) },
    prices,
    settled: context.tokens.map(({ address: token }) => ({
      token,
      paidLastDay: sum(token, "earning", "day"),
      feesLastDay: sum(token, "fee", "day"),
      paidLast30Days: sum(token, "earning", "month"),
      feesLast30Days: sum(token, "fee", "month"),
    })),
    follower: {
      block: String(block),
      head: String(head.number),
      finalized: String(progress?.finalized ?? 0n),
      lagBlocks: Math.max(0, Number(head.number - block)),
      headAt: progress === undefined ? null : timestampOf(Number(progress.head_time) * 1000),
    },
  };
}
