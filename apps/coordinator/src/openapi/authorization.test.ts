import type { Route, Scope } from "@corepool/protocol/route";
import { SCOPES } from "@corepool/protocol/route";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problem, type TestApi, testApi } from "../testing/api.ts";
import { ALL_ROUTES } from "./all-routes.ts";

/**
 * The matrix of routes and scopes, on the real kernel: every declared route is bound here to a handler that only notes
 * that it was reached, so what is tested is who gets that far.
 */
let test: TestApi;
let reached: string[] = [];
const keys = new Map<Scope, string>();
let wallet: string;
let agent: string;

beforeAll(async () => {
  test = await testApi();
  const bound = new Set(test.api.routes.map((route) => route.operationId));
  for (const route of ALL_ROUTES) {
    if (bound.has(route.operationId)) continue;
    test.api.bind(route, () => {
      reached.push(route.operationId);
      return Promise.resolve(new Response(null, { status: 299 }));
    });
  }
  wallet = await test.signInAs(privateKeyToAccount(generatePrivateKey()));
  agent = await test.accounts.issueAgentToken(`0x${"77".repeat(20)}`, `0x${"5a".repeat(32)}`);
  for (const scope of SCOPES) {
    if (scope === "agent") continue;
    const response = await test.send("POST", "/v1/api-keys", {
      token: wallet,
      key: crypto.randomUUID(),
      body: { name: scope, scopes: [scope] },
    });
    keys.set(scope, ((await response.json()) as { secret: string }).secret);
  }
});
afterAll(() => test.close());

const HEX = `0x${"ab".repeat(32)}`;
const IDS: Record<string, string> = {
  leases: HEX,
  machines: HEX,
  workloads: "wkl_0123456789abcdef",
  offers: "ofr_0123456789abcdef",
  "api-keys": "key_0123456789abcdef",
  mandates: "mdt_0123456789abcdef",
  blobs: `sha256:${"ab".repeat(32)}`,
};
/** The route's path with a well-formed id of what it is about. */
const targetOf = (route: Route) => route.path.replaceAll(/\{\w+\}/g, IDS[route.path.split("/")[2] ?? ""] ?? "missing");
const ask = (route: Route, token?: string) =>
  test.send(route.method, targetOf(route), {
    ...(token === undefined ? {} : { token }),
    ...(route.body === undefined ? {} : { body: {} }),
  });
const guarded = ALL_ROUTES.filter((route) => route.scopes !== "public");

describe.each(guarded.map((route) => [route.operationId, route] as const))("%s", (_id, route) => {
  it("lets nobody in without a valid token", async () => {
    reached = [];
    const bad = [
      undefined,
      "nonsense",
      `corepool_session_${"A".repeat(43)}`,
      "corepool_live_x_y_z",
      `${wallet}x`,
      wallet.slice(0, -1),
    ];
    for (const token of bad) {
      const response = await ask(route, token);
      expect(response.status, token).toBe(401);
      if (route.method !== "HEAD") expect((await problem(response)).code).toBe("unauthenticated");
    }
    const basic = await test.send(route.method, targetOf(route), { headers: { authorization: "Basic dXNlcjpwYXNz" } });
    expect(basic.status).toBe(401);
    expect(reached).toEqual([]);
  });

  it("lets in exactly who has one of its scopes", async () => {
    const holders: [Scope, string][] = [...keys.entries(), ["agent", agent]];
    for (const [scope, token] of holders) {
      const { status } = await ask(route, token);
      if (route.scopes.includes(scope)) expect(status, scope).not.toBe(403);
      else expect(status, scope).toBe(403);
      expect(status, scope).not.toBe(401);
    }
  });
});

describe("public routes", () => {
  it("are the few that must be", () => {
    const open = ALL_ROUTES.filter((route) => route.scopes === "public").map((route) => route.operationId);
    expect(open.sort()).toEqual([
      "createNonce",
      "explainPlacement",
      "getMachine",
      "getMarket",
      "getOffer",
      "listMachines",
      "listOffers",
      "signIn",
    ]);
  });
});

describe("every route that takes a body", () => {
  it.each(ALL_ROUTES.filter((route) => route.body !== undefined).map((route) => [route.operationId, route] as const))(
    "%s refuses junk, unknown fields, other types and floods without failing",
    async (_id, route) => {
      const path = targetOf(route);
      const headers = { "content-type": "application/json" };
      const send = (body: string, given: Record<string, string> = headers) =>
        test.send(route.method, path, { token: wallet, key: crypto.randomUUID(), body, headers: given });
      for (const body of [
        "",
        "{",
        "null",
        "[]",
        '"x"',
        "1e999",
        `${"[".repeat(9_999)}`,
        '{"__proto__":{"admin":true}}',
        '{"constructor":{"prototype":{}},"nobodyKnows":1}',
      ]) {
        const { status } = await send(body);
        expect(status, `${route.operationId} ${body.slice(0, 30)}`).toBe(400);
      }
      expect((await send("{}", { "content-type": "text/plain" })).status).toBe(415);
      expect((await send(`{"x":"${"y".repeat(2 ** 20)}"}`)).status).toBe(413);
    },
  );
});
