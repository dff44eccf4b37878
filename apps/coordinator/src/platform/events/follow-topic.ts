import type { Clock } from "@corepool/core/ports/clock";
import type { Notifier } from "@corepool/core/ports/notifier";
import type { SseWriter } from "../http/sse.ts";
import type { EventLog, StoredEvent } from "./event-log.ts";

export interface FollowParts {
  readonly events: EventLog;
  readonly notifier: Notifier;
  readonly clock: Clock;
}

/** Where a stream begins: after an event, or at what is new; `reset`: the reader may have missed some, and is told. */
export interface Resume {
  readonly after: string | undefined;
  readonly reset: boolean;
}

const PAGE = 100;
const LOOK_MS = 1_000;
/** Newer events exist, but an older transaction is still running: it ends in a moment. */
const UNSETTLED_MS = 10;
/** Hints of one kind are told no more often than that. */
const HINT_MS = 1_000;

/**
 * Where a stream of a topic begins: after the last event that the client has (`id`). `reset` when that one is no longer
 * kept, so that others may have been missed: then the client reads everything anew, and the stream goes on with what is
 * new. Rejects with `bad-cursor` for what was never an event's id.
 */
export async function resumeAt(events: EventLog, topic: string, id: string | undefined): Promise<Resume> {
  if (id === undefined || (await events.has(topic, id))) return { after: id, reset: false };
  return { after: await events.last(topic), reset: true };
}

/**
 * Writes a topic's events after the last one that the client has, and goes on with new ones. `tell` writes an event, or
 * leaves it out. `hint`: another topic, of which only the fact is told that something happened: by `event: NAME`
 * without an id, at most once a second.
 */
export async function followTopic(
  parts: FollowParts,
  topic: string,
  from: Resume,
  writer: SseWriter,
  tell: (event: StoredEvent) => Promise<void>,
  hint?: { readonly topic: string; readonly name: string },
): Promise<void> {
  const { events, notifier, clock } = parts;
  let { after } = from;
  let wake: () => void = () => undefined;
  let hinted = false;
  let toldAt = Number.NEGATIVE_INFINITY;
  const leave = [notifier.subscribe(topic, () => wake())];
  if (hint !== undefined) {
    leave.push(
      notifier.subscribe(hint.topic, () => {
        hinted = true;
        wake();
      }),
    );
  }
  try {
    if (from.reset) await writer.send({ event: "reset", data: "{}", ...(after === undefined ? {} : { id: after }) });
    while (!writer.signal.aborted) {
      const awake = new AbortController();
      wake = () => awake.abort();
      const read = await events.read(topic, after, PAGE);
      for (const event of read.events) {
        after = event.id;
        await tell(event);
      }
      if (read.events.length === PAGE) continue;
      if (hinted && hint !== undefined && clock.monotonic() - toldAt >= HINT_MS) {
        hinted = false;
        toldAt = clock.monotonic();
        await writer.send({ event: hint.name, data: "{}" });
      }
      const wait = read.settled ? LOOK_MS : UNSETTLED_MS;
      // Woken, stopped, or time to look again.
      await clock.sleep(wait, AbortSignal.any([awake.signal, writer.signal])).catch(() => undefined);
    }
  } finally {
    for (const each of leave) each();
  }
}
