import type { WorkloadEvent } from "@corepool/protocol/resources";
import { accountTopic } from "../market/store.ts";
import type { StoredEvent } from "../platform/events/event-log.ts";
import { type FollowParts, followTopic, type Resume } from "../platform/events/follow-topic.ts";
import type { SseWriter } from "../platform/http/sse.ts";

/** An event of a workload as the API shows it; undefined for one that is about something else. */
export function workloadEventOf({ id, type, body, at }: StoredEvent): WorkloadEvent | undefined {
  const { workload, state, note } = body as { workload: string | null; state: string | null; note: string | null };
  return workload === null || !/^(workload|attempt)\./.test(type)
    ? undefined
    : { id, type, workload, at: at.toISOString(), state, note };
}

/**
 * Writes the events of an account's workloads (of one, when given) after the last one that the client has, and goes on
 * with new ones. Without a last one it begins with the oldest of that workload, or for the whole account with what is new.
 */
export async function streamEventsOf(
  parts: FollowParts,
  account: string,
  options: Resume & { readonly workload: string | undefined },
  writer: SseWriter,
): Promise<void> {
  const topic = accountTopic(account);
  const { workload, reset } = options;
  const begins = options.after ?? (reset || workload !== undefined ? undefined : await parts.events.last(topic));
  await followTopic(parts, topic, { after: begins, reset }, writer, async (event) => {
    const view = workloadEventOf(event);
    if (view === undefined || (workload !== undefined && view.workload !== workload)) return;
    await writer.send({ id: event.id, event: view.type, data: JSON.stringify(view) });
  });
}
