import type { WorkloadView } from "@corepool/protocol/resources";
import { describe, expect, it } from "vitest";
import { billOf, commandLine, servedMs, timeLeftMs } from "./bill.ts";

const AT = Date.parse("2026-01-01T00:00:00.000Z");
const at = (seconds: number): string => new Date(AT + seconds * 1_000).toISOString();

/** A workload that began to run at second 10, at 100 base units a second, with an escrow for 60 s and a lease of 60 s. */
function workload(
  change: {
    state?: WorkloadView["state"];
    noteTotal?: string;
    paid?: string;
    refund?: string | null;
    timeline?: readonly (readonly [string, number])[];
  } = {},
): WorkloadView {
  const {
    state = "running",
    noteTotal = "0",
    paid = "0",
    refund = null,
    timeline = [
      ["preparing", 5],
      ["running", 10],
    ],
  } = change;
  return {
    state,
    lease: {
      id: "0x01",
      intervalSeconds: 1,
      noteTotal,
      paid,
      refund,
      terms: { rate: "100", escrow: "6000", grace: 2, end: AT / 1_000 + 70, token: "0x02" },
    },
    attempts: [
      { lease: "0x01", timeline: timeline.map(([name, second]) => ({ state: name, at: at(second), note: null })) },
    ],
  } as unknown as WorkloadView;
}

describe("what a workload costs", () => {
  it("ticks by rate and time while it runs", () => {
    expect(billOf(workload(), AT + 11_500)).toMatchObject({ spent: 150n, left: 5_850n, burning: true, closed: false });
  });

  it("is never less than the payment notes say", () => {
    expect(billOf(workload({ noteTotal: "900" }), AT + 11_000)?.spent).toBe(900n);
  });

  it("runs no further ahead of the notes than they can be late, and never past the escrow", () => {
    expect(billOf(workload({ noteTotal: "100" }), AT + 60_000)?.spent).toBe(100n + 100n * 13n);
    expect(billOf(workload({ noteTotal: "5900" }), AT + 90_000)).toMatchObject({ spent: 6_000n, left: 0n });
  });

  it("stands still while the workload is frozen", () => {
    const frozen = workload({
      state: "frozen",
      noteTotal: "300",
      timeline: [
        ["running", 10],
        ["frozen", 13],
      ],
    });
    expect(billOf(frozen, AT + 20_000)).toMatchObject({ spent: 300n, burning: false });
    expect(billOf(frozen, AT + 40_000)?.spent).toBe(300n);
  });

  it("is what the chain says once the lease is closed", () => {
    expect(
      billOf(workload({ state: "succeeded", noteTotal: "900", paid: "850", refund: "5150" }), AT + 99_000),
    ).toMatchObject({ spent: 850n, closed: true, burning: false });
  });

  it("is unknown before there is a lease", () => {
    expect(billOf({ ...workload(), lease: null }, AT)).toBeUndefined();
  });
});

describe("time that was served", () => {
  it("leaves out what was frozen, and goes on after a thaw", () => {
    const [attempt] = workload({
      timeline: [
        ["running", 10],
        ["frozen", 13],
        ["running", 20],
      ],
    }).attempts;
    expect(attempt && servedMs(attempt, AT + 22_000)).toBe(5_000);
  });

  it("ends where the attempt does", () => {
    const [attempt] = workload({
      timeline: [
        ["running", 10],
        ["collecting", 14],
        ["ended", 15],
      ],
    }).attempts;
    expect(attempt && servedMs(attempt, AT + 99_000)).toBe(4_000);
  });
});

describe("time left", () => {
  it("is until the lease ends, or until the escrow is used up", () => {
    expect(timeLeftMs(workload(), AT + 11_000)).toBe(59_000);
    expect(timeLeftMs(workload({ noteTotal: "5500" }), AT + 11_000)).toBe(5_000);
  });

  it("is nothing for what has ended or is being settled", () => {
    expect(timeLeftMs(workload({ state: "finishing" }), AT)).toBeUndefined();
    expect(timeLeftMs(workload({ state: "succeeded", refund: "1" }), AT)).toBeUndefined();
  });
});

it("shows a command of many lines in one", () => {
  expect(commandLine(["python3", "-c", "a = 1\n\nprint(a)"])).toBe("python3 -c a = 1 print(a)");
});
