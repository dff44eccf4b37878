import { usagePoints } from "@corepool/core/samples";
import { downloadLog, listWorkloadEvents, searchLog, workloadMetrics } from "@corepool/protocol/routes/records";
import { sql } from "kysely";
import { timestampOf } from "../market/context.ts";
import type { MarketStore, Uow } from "../market/documents.ts";
import { accountTopic } from "../market/store.ts";
import type { Database } from "../platform/database/database.ts";
import type { Api } from "../platform/http/call.ts";
import { Reply } from "../platform/http/call.ts";
import { pager } from "../platform/http/page.ts";
import { workloadEventOf } from "./event-stream.ts";
import { formatPlace, parsePlace, searchStoredLog, strangeCursor } from "./log-search.ts";
import { LOG_PAGE } from "./log-stream.ts";
import { fromOffset } from "./logs.ts";
import { newestAttempt, ownWorkload } from "./own.ts";
import type { Samples } from "./samples.ts";

/** Events of one workload that are shown: far more than one ever has. */
const MOST_EVENTS = 1_000;

/** The attempt of that number, or the newest. Rejects with `not-found` when the workload is not the account's. */
async function attemptOf(uow: Uow, account: `0x${string}`, workload: string, number: number | undefined) {
  await ownWorkload(uow, account, workload);
  if (number === undefined) return newestAttempt(uow, workload);
  return (await uow.attempts.ofWorkload(workload)).find((attempt) => attempt.number === number);
}

/** Binds what is kept about a workload beside itself: measurements, events, and its log as a file and to search in. */
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
    const attempt = await store.transaction((uow) => attemptOf(uow, caller.account, params.id, query.attempt));
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

  api.bind(searchLog, async ({ caller, params, query }) => {
    const { text, stream, limit, cursor, attempt: number } = query;
    const ignoreCase = query.ignoreCase === "true";
    const list = pager(`searchLog ${params.id}`, { text, stream, ignoreCase, attempt: number });
    const after = list.after(cursor);
    const goOn = after === undefined ? undefined : parsePlace(after.id, after.at);
    const { attempt, logBytes } = await store.transaction(async (uow) => {
      const asked = await attemptOf(uow, caller.account, params.id, number);
      // A search goes on in the attempt in which it began, though there is a newer one.
      const attempt = goOn === undefined ? asked : await uow.attempts.get(goOn.attempt);
      if (goOn !== undefined && attempt?.workload !== params.id) throw strangeCursor();
      return { attempt, logBytes: attempt === undefined ? 0 : (await uow.logs.end(attempt.id)).taken };
    });
    if (attempt === undefined)
      return { attempt: null, data: [], nextCursor: null, hasMore: false, searchedBytes: 0, logBytes };
    const found = await searchStoredLog(store, attempt.id, { text, stream, ignoreCase }, goOn?.place, limit);
    const { next, searched } = found;
    const nextCursor = next === undefined ? null : list.cursor({ at: next.at, id: formatPlace(attempt.id, next) });
    return {
      attempt: attempt.id,
      data: [...found.found],
      nextCursor,
      hasMore: next !== undefined,
      searchedBytes: searched,
      logBytes: Math.max(logBytes, searched),
    };
  });
}
