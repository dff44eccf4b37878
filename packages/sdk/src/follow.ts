import { hasEnded } from "@corepool/core/transitions";
import { WORKLOAD } from "@corepool/core/workload";
import type { WorkloadView } from "@corepool/protocol/resources";
import { getWorkload, streamEvents } from "@corepool/protocol/routes/workloads";
import { call } from "./call.ts";
import type { Client } from "./client.ts";
import { followEvents } from "./sse.ts";
import { createBell } from "./wake.ts";

/** How often a workload is looked at when no event tells of a change: events may be lost, the truth is the resource. */
const LOOK_MS = 5_000;

/** Whether a workload will not change any more. */
export function isOver(workload: WorkloadView): boolean {
  return hasEnded(WORKLOAD, workload.state);
}

/**
 * Yields a workload as it is now and again after every change, until it is over. Outlives restarts of the coordinator
 * for as long as the client is patient.
 */
export async function* followWorkload(
  client: Client,
  id: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<WorkloadView> {
  const bell = createBell(client.clock);
  const leave = new AbortController();
  const signal = options.signal === undefined ? leave.signal : AbortSignal.any([options.signal, leave.signal]);
  const listen = async (): Promise<void> => {
    for await (const _ of followEvents(client, streamEvents, () => ({ query: { workload: id } }), {
      signal,
      onGap: bell.ring,
    })) {
      bell.ring();
    }
  };
  // Without events the look every few seconds remains; a failure that matters shows there.
  const listening = listen().catch(() => undefined);
  let seen = "";
  try {
    for (;;) {
      const workload = await call(client, getWorkload, { params: { id } }, { signal: options.signal });
      const print = JSON.stringify(workload);
      if (print !== seen) yield workload;
      seen = print;
      if (isOver(workload)) return;
      await bell.wait(LOOK_MS, options.signal);
    }
  } finally {
    leave.abort();
    await listening;
  }
}
