import type { Clock } from "@corepool/core/ports/clock";
import type { Sample } from "@corepool/core/samples";
import { sql } from "kysely";
import type { Database } from "../platform/database/database.ts";

/** A series with so many samples is thinned to half. */
const MOST_SAMPLES = 1_440;
/** Samples of one attempt that come sooner after the last one are not taken. */
const LEAST_MS = 1_000;
/** How long the samples of an attempt are kept after its last one. */
const KEEP_MS = 30 * 86_400_000;

/** Samples of attempts on PostgreSQL: at most 1,440 of each, evenly over its whole life, for a month after its end. */
export class Samples {
  readonly #database: Pick<Database, "reader" | "transaction">;
  readonly #clock: Clock;

  readonly #most: bigint;

  constructor(database: Pick<Database, "reader" | "transaction">, clock: Clock, most = MOST_SAMPLES) {
    this.#database = database;
    this.#clock = clock;
    this.#most = BigInt(most);
  }

  /**
   * Takes a sample of an attempt, which must exist, at our own time: what an agent says of the time could spoil the
   * series. Too many at once are left out.
   */
  async take(attempt: string, sample: Omit<Sample, "at">): Promise<void> {
    const now = this.#clock.now();
    await this.#database.transaction(async (tx) => {
      await tx
        .insertInto("sample_series")
        .values({ attempt, step: 1n, offered: 0n, kept: 0n, last_at: new Date(0) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const series = await tx
        .selectFrom("sample_series")
        .selectAll()
        .where("attempt", "=", attempt)
        .forUpdate()
        .executeTakeFirstOrThrow();
      if (now - series.last_at.getTime() < LEAST_MS) return;
      const taken = series.offered % series.step === 0n;
      const thin = taken && series.kept + 1n >= this.#most;
      if (taken) {
        const { cpuMs, memoryBytes, diskBytes, processes } = sample;
        await tx
          .insertInto("samples")
          .values({
            attempt,
            at: new Date(now),
            cpu_ms: BigInt(cpuMs),
            memory_bytes: BigInt(memoryBytes),
            disk_bytes: diskBytes === null ? null : BigInt(diskBytes),
            processes: BigInt(processes),
          })
          .execute();
      }
      if (thin) {
        await sql`delete from samples where attempt = ${attempt} and at in (
          select at from (select at, row_number() over (order by at) as place from samples where attempt = ${attempt}) as numbered
          where place % 2 = 0)`.execute(tx);
      }
      const kept = series.kept + (taken ? 1n : 0n);
      await tx
        .updateTable("sample_series")
        .set({
          step: thin ? series.step * 2n : series.step,
          // The next one to keep comes one old step after the one that was dropped.
          offered: thin ? series.step + 1n : series.offered + 1n,
          kept: thin ? (kept + 1n) / 2n : kept,
          last_at: new Date(now),
        })
        .where("attempt", "=", attempt)
        .execute();
    });
  }

  /** The samples of an attempt, in order of time. */
  async of(attempt: string): Promise<readonly Sample[]> {
    const rows = await this.#database.reader
      .selectFrom("samples")
      .selectAll()
      .where("attempt", "=", attempt)
      .orderBy("at")
      .execute();
    return rows.map((row) => ({
      at: row.at.getTime(),
      cpuMs: Number(row.cpu_ms),
      memoryBytes: Number(row.memory_bytes),
      diskBytes: row.disk_bytes === null ? null : Number(row.disk_bytes),
      processes: Number(row.processes),
    }));
  }

  async forgetExpired(): Promise<void> {
    const before = new Date(this.#clock.now() - KEEP_MS);
    await this.#database.reader.deleteFrom("sample_series").where("last_at", "<", before).execute();
  }
}
