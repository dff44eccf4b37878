import { CorepoolError } from "@corepool/core/errors";
import type { WorkloadView } from "@corepool/protocol/resources";
import { cancelWorkload, submitWorkload } from "@corepool/protocol/routes/workloads";
import { uploadBlob } from "./blobs.ts";
import { call } from "./call.ts";
import { patient } from "./client.ts";
import { followWorkload, isOver } from "./follow.ts";
import { type RunContext, type RunRequest, readLogs } from "./run.ts";

/**
 * Uploads the inputs and submits the workload under a mandate: the coordinator signs its order and keeps its watch, so
 * nothing of the client's needs to run from then on. With the `idempotencyKey` of an earlier try it goes on with that one.
 */
export async function submitUnderMandate(
  context: RunContext,
  request: RunRequest,
  mandate: string,
  idempotencyKey?: string,
): Promise<WorkloadView> {
  const { client, signal } = context;
  let bytes = 0;
  for (const blob of request.uploads) bytes += (await uploadBlob(client, blob, { signal })).uploaded;
  if (request.uploads.length > 0) context.on?.({ type: "uploaded", blobs: request.uploads.length, bytes });
  const { spec, constraints } = request;
  const workload = await call(
    client,
    submitWorkload,
    { body: { spec, constraints, mandate } },
    { signal, idempotencyKey },
  );
  context.on?.({ type: "placed", workload });
  return workload;
}

/** Follows a workload that somebody else pays for to its end; `stop` asks it to end. Resolves with how it ended. */
export async function followToEnd(context: RunContext, id: string, stop?: AbortSignal): Promise<WorkloadView> {
  const client = patient(context.client, Number.POSITIVE_INFINITY, 15_000);
  const leave = new AbortController();
  const signal = context.signal === undefined ? leave.signal : AbortSignal.any([context.signal, leave.signal]);
  const cancel = (): void => {
    // Refused when it is over already; what came of it is told by the workload that is followed.
    call(client, cancelWorkload, { params: { id } }, { signal }).catch(() => undefined);
  };
  stop?.addEventListener("abort", cancel, { once: true });
  if (stop?.aborted === true) cancel();
  // A log that breaks off must not end the run: the coordinator keeps it, and `corepool logs` shows it.
  const logs = readLogs({ ...context, client }, id, 0, signal).catch(() => undefined);
  try {
    let last: WorkloadView | undefined;
    for await (const workload of followWorkload(client, id, { signal })) {
      if (workload.state !== last?.state) context.on?.({ type: "state", workload });
      last = workload;
    }
    if (last === undefined || !isOver(last))
      throw new CorepoolError("interrupted", { detail: "The workload was left before its end." });
    await Promise.race([logs, client.clock.sleep(10_000, signal)]);
    return last;
  } finally {
    stop?.removeEventListener("abort", cancel);
    leave.abort();
    await logs;
  }
}
