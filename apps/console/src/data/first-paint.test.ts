import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";

const script = readFileSync(new URL("../../public/first-paint.js", import.meta.url), "utf8");
const NOW = Date.parse("2030-01-01T00:00:00Z");

/** What the page of `/w/$id` asks for before its code is here. */
function asked(kept: string | null): readonly (readonly [url: string, authorization: string | undefined])[] {
  const sent: [string, string | undefined][] = [];
  runInNewContext(script, {
    localStorage: { getItem: () => null },
    sessionStorage: { getItem: (key: string) => (key === "corepool.identity" ? kept : null) },
    document: {
      documentElement: { dataset: {} },
      currentScript: {
        dataset: { path: "/w/$id", open: "/v1/market", own: "/v1/workloads/{id} /v1/workloads/{id}/events", code: "" },
      },
    },
    navigator: { language: "en" },
    location: { origin: "http://localhost", pathname: "/w/wkl_1" },
    Date: { now: () => NOW, parse: Date.parse },
    fetch: (url: string, { headers }: { readonly headers: Readonly<Record<string, string>> }) => {
      sent.push([url, headers["authorization"]]);
      return Promise.resolve(undefined);
    },
    requestAnimationFrame: () => undefined,
    setTimeout: () => undefined,
  });
  return sent;
}

describe("the page of a screen, before its code is here", () => {
  const identity = (expiresAt: string) => JSON.stringify({ token: "secret", expiresAt });
  const market = ["http://localhost/v1/market", undefined];

  it("asks for nothing in the name of a stranger, or of whoever was signed in", () => {
    for (const kept of [null, "", "{", "null", "[1]", identity("2029-12-31T23:59:59Z"), identity("soon")])
      expect(asked(kept), String(kept)).toEqual([market]);
  });

  it("asks for what its owner sees, with the token of the tab", () => {
    expect(asked(identity("2030-01-02T00:00:00Z"))).toEqual([
      market,
      ["http://localhost/v1/workloads/wkl_1", "Bearer secret"],
      ["http://localhost/v1/workloads/wkl_1/events", "Bearer secret"],
    ]);
  });
});
