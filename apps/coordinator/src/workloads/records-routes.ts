import { usagePoints } from "@corepool/core/samples";
import { downloadLog, listWorkloadEvents, workloadMetrics } from "@corepool/protocol/routes/records";
import { sql } from "kysely";
import { timestampOf } from "../market/context.ts";
import type { MarketStore, Uow } from "../market/documents.ts";
import { accountTopic } from "../market/store.ts";
import type { Database } from "../platform/database/database.ts";
import type { Api } from "../platform/http/call.ts";
import { Reply } from "../platform/http/call.ts";
import { workloadEventOf } from "./event-stream.ts";
import { LOG_PAGE } from "./log-stream.ts";
import { fromOffset } from "./logs.ts";
import { newestAttempt, ownWorkload } from "./own.ts";
import type { Samples } from "./samples.ts";

/** Events of one workload that are shown: far more than one ever has. */
const MOST_EVENTS = 1_000;

/** Binds what is kept about a workload beside itself: measurements, events, and its log as a file. */
export function bindRecords(
  api: Api,
  parts: { readonly store: MarketStore; readonly database: Pick<Database, "reader">; readonly samples: Samples },
): void {
  const { store, database, samples } = parts;
  const own = (account: `0x${string}`, id: string) => (uow: Uow) => ownWorkload(uow, account, id);

  api.bind(workloadMetrics, async ({ caller, params, query }) => {
    const { resources } = (await store.transaction(own(caller.account, params.id))).spec;
    const { cpus, memoryBytes, diskBytes } = resources;
    const attempts = await store.transaction((uow) => uow.attempts.ofWorkload(params.id));
    const data = [];
    for (const { id, number, state } of attempts) {
      const points = usagePoints(await samples.of(id), query.points);
      data.push({
        attempt: id,
        number,
        over: state === "ended",
        // What was asked for is what the sandbox holds it to, whatever its unit has beyond.
        limits: { cpus, memoryBytes, diskBytes },
        points: points.map((point) => ({ ...point, at: timestampOf(point.at) })),
      });
    }
    return { data };
  });

  api.bind(listWorkloadEvents, async ({ caller, params }) => {
    await store.transaction(own(caller.account, params.id));
    const rows = await database.reader
      .selectFrom("events")
      .select(["seq", "type", "body", "at"])
      .select(sql<string>`xid::text`.as("xid"))
      .where("topic", "=", accountTopic(caller.account))
      .where(sql<boolean>`body ->> 'workload' = ${params.id}`)
      .orderBy(sql`events.xid`)
      .orderBy("seq")
      .limit(MOST_EVENTS)
      .execute();
    return { data: rows.flatMap(({ xid, seq, ...row }) => workloadEventOf({ ...row, id: `${xid}-${seq}` }) ?? []) };
  });

  api.bind(downloadLog, async ({ caller, params, query, stillAllowed }) => {
    const attempt = await store.transaction(async (uow) => {
      await ownWorkload(uow, caller.account, params.id);
      const all = await uow.attempts.ofWorkload(params.id);
      return query.attempt === undefined
        ? await newestAttempt(uow, params.id)
        : all.find(({ number }) => number === query.attempt);
    });
    let offset = 0;
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        // No faster than the client reads, and never more than a few chunks at once.
        for (;;) {
          // A client may read as slowly as it likes; its key may be revoked meanwhile.
          if (!(await stillAllowed())) return controller.error(new Error("the caller may not read this any more"));
          const from = offset;
          const chunks =
            attempt === undefined ? [] : await store.transaction((uow) => uow.logs.read(attempt.id, from, LOG_PAGE));
          if (chunks.length === 0) return controller.close();
          let written = false;
          for (const chunk of chunks) {
            const piece = fromOffset(chunk, offset);
            offset = piece.offset + piece.data.length;
            if (query.stream !== undefined && piece.stream !== query.stream) continue;
            controller.enqueue(piece.data);
            written = true;
          }
          if (written) return;
        }
      },
    });
    const name = `${params.id}${attempt === undefined ? "" : `-${attempt.number}`}.log`;
    return new Reply(stream, { headers: { "content-disposition": `attachment; filename="${name}"` } });
  });
}
