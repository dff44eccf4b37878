import type { Clock } from "@corepool/core/ports/clock";
import type { Notifier } from "@corepool/core/ports/notifier";
import type { WorkloadEvent } from "@corepool/protocol/resources";
import { accountTopic } from "../market/store.ts";
import type { EventLog, StoredEvent } from "../platform/events/event-log.ts";
import type { SseWriter } from "../platform/http/sse.ts";

export interface EventStreamParts {
  readonly events: EventLog;
  readonly notifier: Notifier;
  readonly clock: Clock;
}

const PAGE = 100;
const LOOK_MS = 1_000;
/** Newer events exist, but an older transaction is still running: it ends in a moment. */
const UNSETTLED_MS = 10;

function viewOf({ id, type, body, at }: StoredEvent): WorkloadEvent {
  const { workload, state, note } = body as { workload: string; state: string | null; note: string | null };
  return { id, type, workload, at: at.toISOString(), state, note };
}

/**
 * Where a stream of an account's events begins: after the last event that the client has (`id`). `reset` when that one is
 * no longer kept, so that others may have been missed: then the client reads everything anew, and the stream goes on with
 * what is new. Rejects with `bad-cursor` for what was never an event's id.
 */
export async function resumeAt(
  events: EventLog,
  account: string,
  id: string | undefined,
): Promise<{ readonly after: string | undefined; readonly reset: boolean }> {
  const topic = accountTopic(account);
  if (id === undefined || (await events.has(topic, id))) return { after: id, reset: false };
  return { after: await events.last(topic), reset: true };
}

/**
 * Writes an account's events (of one workload, when given) after the last one that the client has, and goes on with new
 * ones. Without a last one it begins with the oldest of that workload, or for the whole account with what is new.
 */
export async function streamEventsOf(
  parts: EventStreamParts,
  account: string,
  options: { readonly workload: string | undefined; readonly after: string | undefined; readonly reset: boolean },
  writer: SseWriter,
): Promise<void> {
  const topic = accountTopic(account);
  const { workload } = options;
  let { after } = options;
  let wake: () => void = () => undefined;
  const unsubscribe = parts.notifier.subscribe(topic, () => wake());
  try {
    if (options.reset) await writer.send({ event: "reset", data: "{}", ...(after === undefined ? {} : { id: after }) });
    else if (after === undefined && workload === undefined) after = await parts.events.last(topic);
    while (!writer.signal.aborted) {
      const awake = new AbortController();
      wake = () => awake.abort();
      const { events, settled } = await parts.events.read(topic, after, PAGE);
      for (const event of events) {
        after = event.id;
        const view = viewOf(event);
        if (workload !== undefined && view.workload !== workload) continue;
        await writer.send({ id: event.id, event: view.type, data: JSON.stringify(view) });
      }
      if (events.length === PAGE) continue;
      const wait = settled ? LOOK_MS : UNSETTLED_MS;
      // Woken, stopped, or time to look again.
      await parts.clock.sleep(wait, AbortSignal.any([awake.signal, writer.signal])).catch(() => undefined);
    }
  } finally {
    unsubscribe();
  }
}
