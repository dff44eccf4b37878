import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { defineRoute } from "@corepool/protocol/route";
import { explainPlacement, submitWorkload } from "@corepool/protocol/routes/workloads";
import { call } from "@corepool/sdk/call";
import { signInWith } from "@corepool/sdk/sign-in";
import pg from "pg";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ALL_ROUTES } from "../../openapi/all-routes.ts";
import { problemsOf } from "../../openapi/document.ts";
import type { TestAgent } from "../../testing/agent.ts";
import { type SignInNonce, siweMessage } from "../../testing/api.ts";
import { type Belongings, goodRequest, makeBelongings } from "../../testing/belongings.ts";
import { TestClient } from "../../testing/client.ts";
import { badRequests, build } from "../../testing/fuzz/bad-requests.ts";
import { Exchanger } from "../../testing/fuzz/exchange.ts";
import { startWith } from "../../testing/fuzz/planted.ts";
import { dumpOf, leaksIn, type Secrets } from "../../testing/leaks.ts";
import { type CoordinatorProcess, type ProcessMarket, processMarket } from "../../testing/processes.ts";
import { type RpcProxy, rpcProxy } from "../../testing/rpc-proxy.ts";

/**
 * What is secret: tokens, API keys, nonces, sign-in signatures, Idempotency-Keys (they open stored answers), private keys,
 * the database's password, the key in a chain node's address, and what clients put into their workloads' environment.
 * The last is in the database, since the agent must get it; the others are in neither the log nor a copy of the database.
 * Not secret: signatures of offers, orders, mandates and notes, which go to a public chain; addresses, hashes and ids.
 */
const RPC_KEY = randomBytes(16).toString("hex");

let market: ProcessMarket;
let proxy: RpcProxy;
let server: CoordinatorProcess;
let agent: TestAgent;
let own: Belongings;
let pool: pg.Pool;
const secrets = new Map<string, string>();

beforeAll(async () => {
  market = await processMarket();
  proxy = await rpcProxy(market.temp.chain.rpcUrl, RPC_KEY);
  server = await market.start({
    COREPOOL_RPC_URL: proxy.url,
    COREPOOL_PUBLIC_RPC_URL: market.temp.chain.rpcUrl,
    COREPOOL_LOG_LEVEL: "trace",
  });
  const client = new TestClient(market.servedBy(server));
  agent = await client.agent(6);
  own = await makeBelongings(client, agent);
  pool = new pg.Pool({ connectionString: market.databaseUrl, max: 2 });
  const settings = market.settings;
  secrets.set("database password", decodeURIComponent(new URL(settings["COREPOOL_DATABASE_URL"] ?? "").password));
  secrets.set("key of the chain node", RPC_KEY);
  secrets.set("relayer's private key", readFileSync(settings["COREPOOL_RELAYER_KEY_FILE"] ?? "", "utf8").trim());
  secrets.set("provider's private key", market.temp.provider.key);
  secrets.set("client's private key", market.temp.client.key);
  secrets.set("session", own.token);
  secrets.set("API key", own.apiKey.secret);
  secrets.set("agent's token", agent.token);
  secrets.set("environment", own.envValue);
}, 90_000);
afterAll(async () => {
  await pool.end();
  await agent.cut();
  await market.endAll();
  proxy.end();
});

const withoutEnvironment = (): Secrets => new Map([...secrets].filter(([what]) => what !== "environment"));

/** Signs in, and is refused with a good nonce; both are remembered. */
async function signIns(): Promise<void> {
  const post = (path: string, body: unknown) =>
    fetch(server.url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  for (const way of ["good", "wrong key", "wrong domain", "never used"]) {
    const wallet = privateKeyToAccount(generatePrivateKey());
    const nonce = (await (await post("/v1/auth/nonce", { address: wallet.address })).json()) as SignInNonce;
    secrets.set(`nonce (${way})`, nonce.nonce);
    if (way === "never used") continue;
    const message = siweMessage(wallet.address, way === "wrong domain" ? { ...nonce, domain: "evil.example" } : nonce);
    const signer = way === "wrong key" ? privateKeyToAccount(generatePrivateKey()) : wallet;
    const signature = await signer.signMessage({ message });
    secrets.set(`sign-in signature (${way})`, signature);
    const response = await post("/v1/auth/sessions", { message, signature });
    if (response.status === 201) secrets.set("another session", ((await response.json()) as { token: string }).token);
  }
}

/** Every route once as it should be and some times as it should not. Sign-out is the last: it ends the session. */
async function everyRoute(): Promise<void> {
  const exchanger = new Exchanger(server.url);
  const routes = ALL_ROUTES.toSorted(
    (a, b) => Number(a.operationId === "signOut") - Number(b.operationId === "signOut"),
  );
  for (const route of routes) {
    agent.send({ type: "heartbeat", body: { attempts: [] } });
    const good = await goodRequest(route, own).catch(() => undefined);
    if (good === undefined) continue;
    const bad = badRequests(route, good, { count: 20, seed: 7, all: ALL_ROUTES, cursor: undefined });
    for (const request of [build(route, good), ...bad.map((each) => each.request)]) {
      for (const [name, value] of request.headers)
        if (name === "idempotency-key" && /^[0-9a-f-]{36}$/.test(value)) secrets.set(`idempotency key ${value}`, value);
      const answer = await exchanger.send(request).catch(() => undefined);
      const made = /"secret":"(corepool_live_\w+)"/.exec(answer?.body ?? "")?.[1];
      if (made !== undefined) secrets.set(`API key made by ${route.operationId} ${secrets.size}`, made);
    }
  }
  exchanger.end();
}

/**
 * The same while the chain cannot be reached, and while a table is missing: our own failures write the
 * longest lines. Resolves with what routes answered without declaring it, while the chain was away.
 */
async function failures(): Promise<readonly string[]> {
  const undeclared: string[] = [];
  const { client } = own;
  const env = { CLIENTS_OWN: own.envValue };
  const body = { spec: client.spec({ env }), constraints: { token: market.temp.deployment.gpToken } };
  const exchanger = new Exchanger(server.url);
  const ask = async () => {
    for (const route of ALL_ROUTES.filter(({ operationId }) => operationId !== "signOut")) {
      const good = await goodRequest(route, own).catch(() => undefined);
      if (good === undefined) continue;
      const answer = await exchanger.send(build(route, good)).catch(() => undefined);
      const code = /"code":"([a-z-]+)"/.exec(answer?.body ?? "")?.[1];
      const declared: readonly string[] = problemsOf(route).filter((each) => each !== "internal");
      if (answer !== undefined && answer.status >= 400 && !declared.includes(code ?? ""))
        undeclared.push(`${route.operationId}: ${answer.status} ${code}`);
    }
    for (const route of [submitWorkload, explainPlacement])
      await call(client.market.api, route, { body }).catch(() => undefined);
  };
  proxy.broken = true;
  await ask();
  proxy.broken = false;
  await pool.query("alter table workloads rename to workloads_gone");
  await pool.query("alter table api_keys rename to api_keys_gone");
  const impatient = { ...own.client.market.api, patienceMs: 0 };
  await call(impatient, submitWorkload, { body }).catch(() => undefined);
  for (const route of [submitWorkload, explainPlacement]) {
    const request = build(route, {
      token: own.token,
      params: {},
      query: {},
      body: body as never,
      bytes: undefined,
      headers: [],
    });
    await exchanger.send(request).catch(() => undefined);
    await exchanger
      .send({
        ...request,
        headers: [
          ...request.headers.filter(([name]) => name !== "authorization"),
          ["authorization", `Bearer ${own.apiKey.secret}`],
        ],
      })
      .catch(() => undefined);
  }
  await pool.query("alter table api_keys_gone rename to api_keys");
  await pool.query("alter table workloads_gone rename to workloads");
  exchanger.end();
  return undeclared;
}

describe("a secret", () => {
  it("is in no line of the log and in no copy of the database, whatever was asked and whatever failed", {
    timeout: 120_000,
  }, async () => {
    await signIns();
    expect(await failures(), "answers that a route does not declare while the chain is away").toEqual([]);
    await everyRoute();
    const log = server.lines.join("\n");
    expect(server.lines.length).toBeGreaterThan(500);
    expect(log).toContain('"request failed"');
    expect(log).toMatch(/workloads.{0,20}does not exist/);
    expect(secrets.size).toBeGreaterThan(30);
    expect(leaksIn(log, secrets).join("\n")).toBe("");
    const dump = await dumpOf(pool);
    expect(dump).toContain(own.apiKey.id);
    expect(leaksIn(dump, withoutEnvironment()).join("\n")).toBe("");
    // The agent must get it; so the search would have found the others too.
    expect(leaksIn(dump, secrets).join("\n")).toMatch(/^environment: /);
  });

  it("that is planted in a log line or a row is found", async () => {
    const leaky = defineRoute({
      ...explainPlacement,
      operationId: "leak",
      path: "/v1/planted/leak",
      body: z.object({ text: z.string() }),
      response: z.object({}),
    });
    const planted = await startWith(market, (api, { log, database }) => {
      api.bind(leaky, async ({ body, request }) => {
        log.warn({ asked: body }, "planted");
        const text = JSON.stringify({ note: `from ${request.headers.get("authorization")}` });
        const row = { topic: "planted", type: "planted", body: text, at: new Date() };
        await database.reader.insertInto("events").values(row).execute();
        return {};
      });
    });
    const { token } = await signInWith(own.client.market.api, own.client.market.wallet);
    secrets.set("fresh session", token);
    const response = await fetch(`${planted.url}/v1/planted/leak`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ text: own.envValue }),
    });
    await planted.stop();
    expect(response.status).toBe(200);
    expect(leaksIn(planted.lines.join("\n"), secrets)).toEqual([expect.stringMatching(/^environment: /)]);
    expect(leaksIn(await dumpOf(pool), withoutEnvironment())).toEqual([expect.stringMatching(/^fresh session: /)]);
  });

  it.each<[string, (text: string) => string]>([
    ["as it is", (text) => text],
    ["as hexadecimal digits", (text) => Buffer.from(text).toString("hex")],
    ["in base64, at any place", (text) => Buffer.from(`x${text} and more`).toString("base64")],
    ["in base64url, at another", (text) => Buffer.from(`{"a":"${text}"}`).toString("base64url")],
    ["in a URL", (text) => encodeURIComponent(text)],
  ])("is found %s", (_form, write) => {
    const needle = new Map([["needle", `s/${randomBytes(16).toString("base64")}`]]);
    const text = `before ${write(needle.get("needle") ?? "")} after`;
    expect(leaksIn(text, needle)).toHaveLength(1);
    expect(leaksIn("nothing of the kind", needle)).toEqual([]);
  });
});
