import { jobSpec } from "@corepool/protocol/spec";
import { expect, it } from "vitest";
import { describeShare } from "./progress.ts";
import { formatDuration } from "./quantities.ts";
import { limitReached } from "./result-block.ts";

const spec = jobSpec.parse({
  kind: "job",
  command: ["true"],
  resources: { cpus: 1, memoryBytes: 512 * 2 ** 20, diskBytes: 256 * 2 ** 20 },
  durationSeconds: 3,
});

it("says what a job may use of its unit, which is what was asked for", () => {
  const unit = { cpus: 2, memoryBytes: 10.6 * 2 ** 30, diskBytes: 2 ** 30 };
  expect(describeShare(spec.resources, unit)).toBe("1 of 2 CPU, 512 MiB of 10.6 GiB memory, 256 MiB of 1 GiB disk");
});

it("names the flag of the limit that ended a job", () => {
  expect(limitReached({ reason: "out-of-memory", spec })).toBe(
    "it used more than the 512 MiB of memory asked for: ask for more with --memory",
  );
  expect(limitReached({ reason: "disk-full", spec })).toContain("--disk");
  expect(limitReached({ reason: "deadline", spec })).toContain("reached --time 3s");
  expect(limitReached({ reason: "exited", spec })).toBeUndefined();
  expect(limitReached({ reason: null, spec })).toBeUndefined();
});

it("writes durations as --time takes them", () => {
  expect([1, 60, 90, 7200, 86_400, 90_000].map(formatDuration)).toEqual(["1s", "1m", "90s", "2h", "1d", "25h"]);
});
