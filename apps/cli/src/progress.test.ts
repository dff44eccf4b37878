import { systemClock } from "@corepool/sdk/adapters/system";
import type { RunEvent } from "@corepool/sdk/run";
import { expect, it } from "vitest";
import type { MarketToken } from "./connection.ts";
import { createOutput } from "./output.ts";
import { createProgress } from "./progress.ts";

/** What a view says of these events on a stream that is no terminal. */
function said(json: boolean, events: readonly unknown[]): string {
  let text = "";
  const stream = { write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
  const output = createOutput({ json, stdout: stream, stderr: stream, env: {} });
  const progress = createProgress(output, { symbol: "GP", decimals: 18 } as MarketToken, systemClock);
  for (const event of events) progress.on(event as RunEvent);
  progress.finish();
  return text;
}

it("puts a tick before what went well alone", () => {
  const text = said(
    false,
    ["running", "frozen", "failed", "cancelled", "succeeded"].map((state) => ({ type: "state", workload: { state } })),
  );
  expect(text.split("\n")).toEqual([
    "✓ running",
    "· frozen: no payment note arrived",
    "✗ failed",
    "· cancelled",
    "✓ succeeded",
    "",
  ]);
});

it("tells of a machine that answers no probe only when it goes on", () => {
  const late = { type: "withheld", code: "machine-unreachable", detail: "no answer" };
  const note = { type: "note", total: 1n, provenMs: 1, last: false, frozen: false };
  expect(said(true, [late, note, late])).not.toContain("withheld");
  expect(said(true, [late, late])).toContain("withheld");
  expect(said(true, [{ ...late, code: "probe-refused" }])).toContain("withheld");
});
