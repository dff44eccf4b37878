import { signInWith } from "@corepool/sdk/sign-in";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newApiKey } from "../../testing/belongings.ts";
import { TestClient } from "../../testing/client.ts";
import { Exchanger, type RawAnswer } from "../../testing/fuzz/exchange.ts";
import { type CoordinatorProcess, type ProcessMarket, processMarket } from "../../testing/processes.ts";

/** Sixty reads a minute: one a second. A stranger gets a quarter. */
const READS = 60;

let market: ProcessMarket;
let server: CoordinatorProcess;
let exchanger: Exchanger;
beforeAll(async () => {
  market = await processMarket();
  server = await market.start({ COREPOOL_READS_PER_MINUTE: String(READS) });
  exchanger = new Exchanger(server.url);
});
afterAll(async () => {
  exchanger.end();
  await market.endAll();
});

const read = (headers: readonly (readonly [string, string])[], target = "/v1/account") =>
  exchanger.send({ method: "GET", target, headers });
const burst = (count: number, one: (i: number) => Promise<RawAnswer>) =>
  Promise.all(Array.from({ length: count }, (_, i) => one(i)));
const refusedOf = (answers: readonly RawAnswer[]) => answers.filter(({ status }) => status === 429);

describe("rate limits", () => {
  it("refuse a tenfold burst, and say when the next request fits: not before, but then", {
    timeout: 30_000,
  }, async () => {
    const { api, wallet } = market.servedBy(server);
    const { token } = await signInWith(api, wallet);
    const started = performance.now();
    const answers = await burst(READS * 10, () => read([["authorization", `Bearer ${token}`]]));
    const refilled = Math.ceil((performance.now() - started) / 1000) + 1;
    const taken = answers.length - refusedOf(answers).length;
    expect(taken).toBeGreaterThanOrEqual(READS);
    expect(taken).toBeLessThanOrEqual(READS + refilled);
    for (const { headers, body } of refusedOf(answers)) {
      expect(headers["ratelimit-policy"]).toBe(`"read";q=${READS};w=60`);
      expect(headers["ratelimit"]).toMatch(/^"read";r=0;t=\d+$/);
      expect(JSON.parse(body)).toMatchObject({ code: "rate-limited", retryAfter: Number(headers["retry-after"]) });
    }
    const wait = Number(refusedOf(answers).at(-1)?.headers["retry-after"]);
    expect(wait).toBe(1);
    // The bucket refills by one a second, and a busy machine may need that long for an answer: of a handful sent at once
    // most are refused before the wait is over, and one fits after it.
    const handful = () => burst(8, () => read([["authorization", `Bearer ${token}`]]));
    expect(refusedOf(await handful()).length).toBeGreaterThan(4);
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    const then = refusedOf(await handful()).length;
    expect([then < 8, then > 3]).toEqual([true, true]);
  });

  it("are an account's, however many keys it has, and the peer's, whatever address a header claims", {
    timeout: 30_000,
  }, async () => {
    // The account's reads are used up: a key of the same account has none either.
    const { secret } = await newApiKey(new TestClient(market.servedBy(server)), ["account:read"]);
    expect((await read([["authorization", `Bearer ${secret}`]])).status).toBe(429);
    const claims = (i: number): (readonly [string, string])[] => [
      ["x-forwarded-for", `203.0.113.${i % 250}`],
      ["x-real-ip", `203.0.113.${i % 250}`],
      ["forwarded", `for=203.0.113.${i % 250}`],
      ["cf-connecting-ip", `203.0.113.${i % 250}`],
      ["true-client-ip", `203.0.113.${i % 250}`],
    ];
    const answers = await burst(READS * 2, (i) => read(claims(i), "/v1/market"));
    expect(answers.length - refusedOf(answers).length).toBeLessThanOrEqual(READS / 4 + 3);
    // Tokens that are none do not open buckets of their own.
    const guesses = await burst(20, (i) => read([["authorization", `Bearer guess-${i}`]]));
    expect(refusedOf(guesses).length).toBeGreaterThanOrEqual(17);
  });
});
