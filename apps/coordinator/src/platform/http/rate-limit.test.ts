import { defineRoute } from "@corepool/protocol/route";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problem, type TestApi, testApi } from "../../testing/api.ts";

const poke = defineRoute({
  method: "GET",
  path: "/v1/poke",
  operationId: "poke",
  summary: "Poke it",
  scopes: "public",
  rate: "match",
  idempotent: false,
  response: "none",
  status: 204,
  problems: [],
});

let test: TestApi;
beforeAll(async () => {
  test = await testApi({ limits: { read: 10, write: 10, match: 8, stream: 10 } });
  test.api.bind(poke, async () => undefined);
});
afterAll(() => test.close());

describe("rate limits", () => {
  it("refuse what comes too fast, say for how long, and let it through after that", async () => {
    const { token } = await test.sessions.start(`0x${"11".repeat(20)}`);
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++) statuses.push((await test.send("GET", "/v1/poke", { token })).status);
    expect(statuses).toEqual(Array(8).fill(204));
    const refused = await test.send("GET", "/v1/poke", { token });
    expect(refused.status).toBe(429);
    const wait = Number(refused.headers.get("retry-after"));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(8);
    expect((await problem(refused)).retryAfter).toBe(wait);
    expect(refused.headers.get("ratelimit")).toMatch(/^"match";r=0;t=\d+$/);
    test.clock.advance(wait * 1000);
    expect((await test.send("GET", "/v1/poke", { token })).status).toBe(204);
  });

  it("are each account's own, and strangers cannot choose whom they count for", async () => {
    const { token } = await test.sessions.start(`0x${"22".repeat(20)}`);
    let refused = 0;
    for (let i = 0; i < 10; i++) {
      const response = await test.send("GET", "/v1/poke", {
        headers: { "x-forwarded-for": `10.0.0.${i}`, "x-real-ip": `10.1.0.${i}` },
      });
      if (response.status === 429) refused++;
    }
    expect(refused).toBe(8);
    expect((await test.send("GET", "/v1/poke", { token })).status).toBe(204);
  });

  it("also hold for who guesses tokens", async () => {
    const statuses = new Set<number>();
    for (let i = 0; i < 20; i++)
      statuses.add(
        (await test.send("GET", "/v1/account", { token: `corepool_session_${"A".repeat(42)}${i % 10}` })).status,
      );
    expect([...statuses].sort((a, b) => a - b)).toEqual([401, 429]);
  });
});
