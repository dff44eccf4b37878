import { CorepoolError } from "@corepool/core/errors";
import { createApiKey } from "@corepool/protocol/routes/accounts";
import { describe, expect, it } from "vitest";
import { problemsIn, problemsOf } from "./problems.ts";

describe("problems of a form", () => {
  it("are what the route's own schema says, one for each place", () => {
    const problems = problemsOf(createApiKey.body, { name: "", scopes: [], spendCap: "1.5", extra: 1 });
    expect(problems.map(({ pointer, code, limit }) => [pointer, code, limit])).toEqual([
      ["/name", "too_small", 1],
      ["/scopes", "too_small", 1],
      ["/spendCap", "invalid_format", undefined],
      ["", "unrecognized_keys", undefined],
    ]);
    expect(problemsOf(createApiKey.body, { name: "ci", scopes: ["account:read"] })).toEqual([]);
  });

  it("tell what is missing from what is wrong", () => {
    expect(problemsOf(createApiKey.body, { scopes: ["account:read"] })[0]).toMatchObject({
      pointer: "/name",
      code: "missing",
    });
    expect(problemsOf(createApiKey.body, { name: 7, scopes: ["account:read"] })[0]).toMatchObject({
      pointer: "/name",
      code: "invalid_type",
    });
  });

  it("of the coordinator's land at their fields, and damage at none", () => {
    const error = new CorepoolError("bad-request", {
      detail: "x",
      data: {
        errors: [
          { pointer: "/name", message: "taken" },
          { pointer: 7 },
          null,
          { pointer: "/body/scopes/0", code: "c", message: "m" },
        ],
      },
    });
    expect(problemsIn(error)).toEqual([
      { pointer: "/name", code: "custom", message: "taken" },
      { pointer: "/scopes/0", code: "c", message: "m" },
    ]);
    for (const other of [undefined, new Error("x"), new CorepoolError("internal", { detail: "x" })])
      expect(problemsIn(other)).toEqual([]);
  });
});
