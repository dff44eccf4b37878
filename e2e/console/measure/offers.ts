import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import type { Place } from "../../support/market.ts";

/** Units of each further machine. */
const UNITS_EACH = 4;

/**
 * Puts so many further offers in one token into a market's database, beside those of its own machine: of as many machines as it takes,
 * at different prices. They are read through the API like any other; nobody could order them.
 */
export async function crowd(place: Place, token: string, offers: number): Promise<void> {
  const password = (await readFile(join(place.home, "database", "password"), "utf8")).trim();
  const client = new pg.Client({
    connectionString: `postgresql://corepool:${password}@127.0.0.1:${place.ports.database}/corepool`,
  });
  await client.connect();
  try {
    await client.query("begin");
    const name = "'0x' || md5('machine' || n) || md5('m' || n)";
    await client.query(
      `insert into machines (id, provider, public_key, agent_version, epoch, online, last_seen_at, registered_at)
       select ${name}, provider, public_key, agent_version, epoch, true, now(), now()
       from (select * from machines limit 1) one, generate_series(1, $1) n`,
      [Math.ceil(offers / UNITS_EACH)],
    );
    const machine = name.replaceAll("|| n", `|| (1 + u / ${UNITS_EACH})`);
    await client.query(
      `insert into units (provider, unit, machine, spec, spec_hash, devices, cpus, memory_bytes, disk_bytes, gpus)
       select provider, 1000 + u, ${machine}, spec, spec_hash, array['cpu' || u % ${UNITS_EACH}], cpus, memory_bytes, disk_bytes, gpus
       from (select * from units limit 1) one, generate_series(0, $1 - 1) u`,
      [offers],
    );
    await client.query(
      `insert into offers (id, hash, machine, provider, unit, token, rate, min_seconds, max_seconds, not_before, expiry, client, signed, open, created_at)
       select 'ofr_' || left(md5('offer' || u), 24), '0x' || md5('offer' || u) || md5('o' || u), ${machine}, provider, 1000 + u,
         token, rate + u % 997, min_seconds, max_seconds, not_before, expiry + 86400, client,
         jsonb_set(jsonb_set(signed::jsonb, '{offer,unit}', to_jsonb((1000 + u)::text)), '{offer,rate}', to_jsonb((rate + u % 997)::text)),
         true, now()
       from (select * from offers where open and token = $2 limit 1) one, generate_series(0, $1 - 1) u`,
      [offers, token.toLowerCase()],
    );
    await client.query("commit");
    await client.query("analyze");
  } finally {
    await client.end();
  }
}
