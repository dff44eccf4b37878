import { CorepoolError } from "@corepool/core/errors";
import { expect, it } from "vitest";
import { aboutApiKey, reportFailure } from "./failure.ts";
import { createOutput } from "./output.ts";

function told(error: unknown): string {
  let text = "";
  const stream = { write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
  reportFailure(error, createOutput({ json: false, stdout: stream, stderr: stream, env: {} }), stream);
  return text;
}

it("says the smallest change that helps once", () => {
  const text = told(
    new CorepoolError("no-placement", {
      detail: "None of 6 open offers can take this workload now.",
      next: "The smallest change that helps: ask for 2 cores (6 offers).",
      data: { reasons: [], relaxations: [{ dimension: "cpus", change: "ask for 2 cores", offers: 6 }] },
    }),
  );
  expect(text.match(/ask for 2 cores/g)).toHaveLength(1);
  expect(told(new CorepoolError("no-placement", { detail: "None.", next: "Wait." }))).toContain("→ Wait.");
});

it("says that an API key was refused when one was given", () => {
  const error = new CorepoolError("unauthenticated", { detail: "Sign in first." });
  expect(told(aboutApiKey(error, { COREPOOL_API_KEY: "x" }))).toContain("COREPOOL_API_KEY is not a key");
  expect(aboutApiKey(error, {})).toBe(error);
  const other = new CorepoolError("not-found", { detail: "No." });
  expect(aboutApiKey(other, { COREPOOL_API_KEY: "x" })).toBe(other);
});
