import type { AttemptView, WorkloadEvent, WorkloadView } from "@corepool/protocol/resources";

/** A stretch of time in one state; `to` is undefined while it lasts. Times in milliseconds since the epoch. */
export interface Stretch<S extends string> {
  readonly state: S;
  readonly from: number;
  readonly to: number | undefined;
  readonly note: string | null;
}

interface Mark {
  readonly state: string;
  readonly at: string;
  readonly note: string | null;
}

function stretches<S extends string>(
  marks: readonly Mark[],
  isLast: (state: string) => boolean,
): readonly Stretch<S>[] {
  const out: Stretch<S>[] = [];
  for (const { state, at, note } of marks) {
    const ms = Date.parse(at);
    const before = out.at(-1);
    if (before?.state === state) continue;
    if (before !== undefined) out[out.length - 1] = { ...before, to: Math.max(before.from, ms) };
    out.push({
      state: state as S,
      from: before === undefined ? ms : Math.max(before.from, ms),
      to: isLast(state) ? ms : undefined,
      note,
    });
  }
  return out;
}

/** The states that an attempt went through, by what its agent told. */
export function attemptStretches(attempt: AttemptView): readonly Stretch<AttemptView["state"]>[] {
  return stretches(attempt.timeline, (state) => state === "ended");
}

const OVER = new Set(["succeeded", "failed", "cancelled"]);

/** The states that a workload went through since it was submitted, by its events. */
export function workloadStretches(
  workload: WorkloadView,
  events: readonly WorkloadEvent[],
): readonly Stretch<WorkloadView["state"]>[] {
  const told = events.flatMap(({ type, state, at, note }) =>
    state === null || type !== `workload.${state}` ? [] : [{ state, at, note }],
  );
  const first = told[0]?.state === "pending" ? [] : [{ state: "pending", at: workload.createdAt, note: null }];
  const marks = [...first, ...told];
  // The workload itself is newer than its events when one of them is still on its way.
  const newest = marks.at(-1)?.state;
  if (newest !== workload.state && workload.endedAt !== null)
    marks.push({ state: workload.state, at: workload.endedAt, note: null });
  return stretches(marks, (state) => OVER.has(state));
}
