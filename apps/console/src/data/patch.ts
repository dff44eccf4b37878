import { WORKLOAD } from "@corepool/core/workload";
import type { AccountEvent, WorkloadView } from "@corepool/protocol/resources";

const isState = (state: string | null): state is WorkloadView["state"] =>
  state !== null && Object.hasOwn(WORKLOAD, state);

/**
 * What an event tells of a workload, put into what the page has of it, until the whole of it has been read anew. An
 * event of another workload, or one that says no state of a workload, changes nothing: the same object comes back.
 */
export function patched(workload: WorkloadView, event: AccountEvent): WorkloadView {
  if (workload.id !== event.workload || !isState(event.state) || workload.state === event.state) return workload;
  return { ...workload, state: event.state };
}
