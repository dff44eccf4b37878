import type { AccountEvent, WorkloadView } from "@corepool/protocol/resources";
import { describe, expect, it } from "vitest";
import { patched } from "./patch.ts";

const workload = {
  id: "wkl_0000000000000000",
  state: "running",
  createdAt: "2026-01-01T00:00:00.000Z",
} as WorkloadView;
const event = (change: Partial<AccountEvent>): AccountEvent => ({
  id: "7",
  type: "workload.frozen",
  workload: workload.id,
  at: "2026-01-01T00:00:01.000Z",
  state: "frozen",
  note: null,
  lease: null,
  machine: null,
  ...change,
});

describe("an event in the cache", () => {
  it("moves the state of its workload and nothing else", () => {
    expect(patched(workload, event({}))).toEqual({ ...workload, state: "frozen" });
  });

  it("leaves the very object where it says nothing new", () => {
    for (const change of [
      { workload: "wkl_1111111111111111" },
      { state: null },
      { state: "running" },
      { state: "ended" },
      { state: "constructor" },
    ])
      expect(patched(workload, event(change))).toBe(workload);
  });
});
