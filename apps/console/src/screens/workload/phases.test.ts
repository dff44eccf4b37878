import type { AttemptView, WorkloadEvent, WorkloadView } from "@corepool/protocol/resources";
import { describe, expect, it } from "vitest";
import { attemptStretches, workloadStretches } from "./phases.ts";

const AT = Date.parse("2026-01-01T00:00:00.000Z");
const at = (seconds: number): string => new Date(AT + seconds * 1_000).toISOString();
const shape = (list: readonly { readonly state: string; readonly from: number; readonly to: number | undefined }[]) =>
  list.map(({ state, from, to }) => [state, (from - AT) / 1_000, to === undefined ? undefined : (to - AT) / 1_000]);

describe("the stretches of an attempt", () => {
  const attempt = (...marks: readonly (readonly [string, number])[]): AttemptView =>
    ({ timeline: marks.map(([state, second]) => ({ state, at: at(second), note: null })) }) as unknown as AttemptView;

  it("last until the next one; the last of a running attempt lasts on", () => {
    expect(shape(attemptStretches(attempt(["assigned", 0], ["preparing", 1], ["running", 3])))).toEqual([
      ["assigned", 0, 1],
      ["preparing", 1, 3],
      ["running", 3, undefined],
    ]);
  });

  it("end with it, and take the same news twice once", () => {
    expect(shape(attemptStretches(attempt(["running", 3], ["running", 3], ["collecting", 5], ["ended", 6])))).toEqual([
      ["running", 3, 5],
      ["collecting", 5, 6],
      ["ended", 6, 6],
    ]);
  });
});

describe("the stretches of a workload", () => {
  const event = (type: string, state: string | null, second: number): WorkloadEvent => ({
    id: `${second}`,
    type,
    workload: "wkl_1",
    at: at(second),
    state,
    note: null,
  });

  it("begin with its submission, and leave out events that change no state", () => {
    const workload = { state: "running", createdAt: at(0), endedAt: null } as WorkloadView;
    const events = [
      event("workload.ordered", "ordered", 1),
      event("workload.running", "running", 4),
      event("workload.stopping", "running", 9),
    ];
    expect(shape(workloadStretches(workload, events))).toEqual([
      ["pending", 0, 1],
      ["ordered", 1, 4],
      ["running", 4, undefined],
    ]);
  });

  it("know the end before its event has come", () => {
    const workload = { state: "failed", createdAt: at(0), endedAt: at(7) } as WorkloadView;
    expect(shape(workloadStretches(workload, [event("workload.running", "running", 4)]))).toEqual([
      ["pending", 0, 4],
      ["running", 4, 7],
      ["failed", 7, 7],
    ]);
  });
});
