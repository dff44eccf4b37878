import { randomBytes } from "node:crypto";
import type { Route, Scope } from "@corepool/protocol/route";
import { SCOPES } from "@corepool/protocol/route";
import { getOffer } from "@corepool/protocol/routes/market";
import { getWorkload } from "@corepool/protocol/routes/workloads";
import { signInWith } from "@corepool/sdk/sign-in";
import pg from "pg";
import { generatePrivateKey } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAgent } from "../testing/agent.ts";
import { testApi } from "../testing/api.ts";
import { type Belongings, goodRequest, makeBelongings, nameOf, newApiKey } from "../testing/belongings.ts";
import { TestClient } from "../testing/client.ts";
import { build, type GoodRequest } from "../testing/fuzz/bad-requests.ts";
import { Exchanger, type RawAnswer } from "../testing/fuzz/exchange.ts";
import { clientOf, type TestMarket, testMarket, walletOf } from "../testing/market.ts";
import { ALL_ROUTES } from "./all-routes.ts";

/**
 * Every route, by everyone: what must come of it follows from the route's scopes and from whose thing it is about, and is
 * looked up in ROWS where a route has something of its own. A route without a row fails.
 */
interface Row {
  /** What a good request gets whoever may send it, about a thing of his own. */
  readonly good: number;
  /** Whether it is about one account's thing: then for everyone else there is no such thing. */
  readonly private?: true;
  /** Who gets something else than the rule says, and why. */
  readonly except?: Readonly<Record<string, number>>;
}

const ROWS: Readonly<Record<string, Row>> = {
  createNonce: { good: 201 },
  // The message is none, so nobody is signed in by it.
  signIn: { good: 401 },
  signOut: { good: 204 },
  getAccount: { good: 200 },
  streamAccount: { good: 200 },
  listLedger: { good: 200 },
  getSpend: { good: 200 },
  // A key makes no key with a scope that it does not have itself.
  createApiKey: { good: 201, except: { "owner's key keys:write": 403 } },
  listApiKeys: { good: 200 },
  revokeApiKey: { good: 204, private: true },
  // The mandate is signed by the owner: another account cannot hand it in as his.
  grantMandate: { good: 201, except: { "other's session": 400, "other's key of all scopes": 400 } },
  listMandates: { good: 200 },
  dropMandate: { good: 204, private: true },
  // The blob is an input of the workload that lives on the agent's machine.
  headBlob: { good: 200, private: true, except: { agent: 200 } },
  readBlob: { good: 200, private: true, except: { agent: 200 } },
  writeBlob: { good: 201 },
  // This market has no faucet.
  requestFunds: { good: 409 },
  getGrant: { good: 404 },
  getMarket: { good: 200 },
  getNetwork: { good: 200 },
  offerPrices: { good: 200 },
  listOwnMachines: { good: 200 },
  // The account has machines of its own, not these.
  getOwnMachine: { good: 404 },
  drainMachine: { good: 404 },
  listOffers: { good: 200 },
  getOffer: { good: 200 },
  listMachines: { good: 200 },
  getMachine: { good: 200 },
  explainPlacement: { good: 200 },
  submitWorkload: { good: 201 },
  listWorkloads: { good: 200 },
  getWorkload: { good: 200, private: true },
  acceptPlacement: { good: 202, private: true },
  replaceWorkload: { good: 200, private: true },
  cancelWorkload: { good: 202, private: true },
  streamEvents: { good: 200, private: true },
  streamLogs: { good: 200, private: true },
  workloadMetrics: { good: 200, private: true },
  listWorkloadEvents: { good: 200, private: true },
  downloadLog: { good: 200, private: true },
  searchLog: { good: 200, private: true },
  listOutputs: { good: 200, private: true },
  // It runs, so there is no bill yet.
  getReceipt: { good: 409, private: true },
  getLease: { good: 200, private: true },
  probeLease: { good: 200, private: true },
  // The note is signed by nobody.
  payLease: { good: 422, private: true },
};

interface Role {
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly owner: boolean;
  /** The credential is none any more, or never was one here. */
  readonly dead: boolean;
  /** Undefined: none is sent. A session that a request may end is made anew. */
  readonly token: () => Promise<string | undefined>;
}

const KEY_SCOPES = SCOPES.filter((scope) => scope !== "agent");
const WALLET: ReadonlySet<Scope> = new Set(KEY_SCOPES);

let market: TestMarket;
let agent: TestAgent;
let strangerAgent: TestAgent;
let own: Belongings;
let roles: Role[];
let exchanger: Exchanger;

beforeAll(async () => {
  market = await testMarket();
  const client = new TestClient(market);
  agent = await client.agent(8);
  own = await makeBelongings(client, agent);
  // Nothing but requests changes things from here on.
  await market.stop();
  await market.start("api");
  const replaced = agent.token;
  await agent.connect(market.url);
  strangerAgent = new TestAgent(market.domain, generatePrivateKey());
  await strangerAgent.connect(market.url);
  exchanger = new Exchanger(market.url);
  roles = await makeRoles(client, replaced);
}, 90_000);
afterAll(async () => {
  exchanger.end();
  await agent.cut();
  await strangerAgent.cut();
  await market.endAll();
});

async function makeRoles(client: TestClient, replacedAgentToken: string): Promise<Role[]> {
  const otherWallet = walletOf(generatePrivateKey());
  const otherApi = clientOf(market.url, otherWallet);
  const others = new TestClient({ ...market, api: otherApi, wallet: otherWallet });
  const session = async (api = market.api, wallet = market.wallet) => (await signInWith(api, wallet)).token;
  const role = (
    name: string,
    scopes: Iterable<Scope>,
    owner: boolean,
    token: string | (() => Promise<string>) | undefined,
    dead = false,
  ): Role => ({
    name,
    scopes: new Set(scopes),
    owner,
    dead,
    token: typeof token === "function" ? token : async () => token,
  });

  const database = new pg.Pool({ connectionString: market.databaseUrl, max: 1 });
  const expiredSession = await session();
  await database.query(
    "update sessions set expires_at = now() - interval '1 second' where token_hash = sha256($1::bytea)",
    [expiredSession],
  );
  const expiredKey = await newApiKey(client, KEY_SCOPES);
  await database.query("update api_keys set expires_at = now() - interval '1 second' where id = $1", [expiredKey.id]);
  const revokedKey = await newApiKey(client, KEY_SCOPES);
  await database.query("update api_keys set revoked_at = now() where id = $1", [revokedKey.id]);
  await database.end();
  // Somebody's good session, but of a market on another chain.
  const elsewhere = await testApi();
  const foreign = (await elsewhere.sessions.start(market.client.address.toLowerCase() as `0x${string}`)).token;
  await elsewhere.close();

  return [
    role("nobody", [], false, undefined),
    role("owner's session", WALLET, true, () => session()),
    role("other's session", WALLET, false, () => session(otherApi, otherWallet)),
    role("other's key of all scopes", KEY_SCOPES, false, (await newApiKey(others, KEY_SCOPES)).secret),
    role("agent", ["agent"], false, agent.token),
    role("agent of another machine", ["agent"], false, strangerAgent.token),
    ...(await Promise.all(
      KEY_SCOPES.map(async (scope) =>
        role(`owner's key ${scope}`, [scope], true, (await newApiKey(client, [scope])).secret),
      ),
    )),
    role("expired session", [], true, expiredSession, true),
    role("expired key", [], true, expiredKey.secret, true),
    role("revoked key", [], true, revokedKey.secret, true),
    role("replaced token of an agent", [], false, replacedAgentToken, true),
    role("session of another chain's market", [], true, foreign, true),
    role("junk", [], false, `corepool_session_${"A".repeat(43)}`, true),
  ];
}

/** What the rule says. */
function expectedOf(route: Route, row: Row, role: Role): number {
  if (role.dead) return 401;
  if (route.scopes !== "public") {
    if (role.scopes.size === 0) return 401;
    if (!route.scopes.some((scope) => role.scopes.has(scope))) return 403;
  }
  const special = row.except?.[role.name];
  if (special !== undefined) return special;
  return row.private === true && !role.owner ? 404 : row.good;
}

async function goodFor(route: Route): Promise<GoodRequest> {
  const good = await goodRequest(route, own);
  if (route.operationId === "writeBlob") {
    const bytes = randomBytes(100);
    return { ...good, params: { hash: nameOf(bytes) }, bytes };
  }
  if (route.operationId !== "submitWorkload") return good;
  const { mandate: _mandate, ...body } = good.body as Record<string, never>;
  return { ...good, body };
}

/** The same about a thing that nobody has. */
function aboutNothing(good: GoodRequest): GoodRequest {
  const other = (value: string) =>
    value.slice(0, -12) + value.slice(-12).replaceAll(/[0-9a-z]/g, (c) => (c === "0" ? "1" : "0"));
  const changed = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, other(value)]));
  return { ...good, params: changed(good.params), query: changed(good.query) };
}

/** Everything in an answer but what differs from request to request. */
function essence(answer: RawAnswer, good: GoodRequest): string {
  const asked = [...Object.values(good.params), ...Object.values(good.query)];
  const body = asked
    .reduce((text, value) => text.replaceAll(value, "(asked)"), answer.body)
    .replaceAll(/req_[0-9a-z]{26}/g, "(request)");
  const { date: _date, "x-request-id": _id, ratelimit: _rate, "content-length": _length, ...headers } = answer.headers;
  return JSON.stringify([answer.status, headers, body]);
}

/** What only the owner may see. */
function ofTheOwner(): string[] {
  const { lease } = own.leased.assign;
  const { address } = market.client;
  return [
    address,
    address.toLowerCase(),
    own.leased.id,
    lease,
    own.apiKey.id,
    own.mandate,
    own.envValue,
    own.blob.hash,
    "belongings",
  ];
}

/** Sends every route's good request as every role. A line for everything that is not as the table says. */
async function violations(routes: readonly Route[], rows: Readonly<Record<string, Row>>): Promise<string[]> {
  const wrong: string[] = [];
  for (const route of routes) {
    const row = rows[route.operationId];
    if (row === undefined) {
      wrong.push(`${route.operationId} has no row`);
      continue;
    }
    agent.send({ type: "heartbeat", body: { attempts: [] } });
    for (const role of roles) {
      const expected = expectedOf(route, row, role);
      const needsFresh = expected === row.good || role.owner;
      const good = needsFresh ? await goodFor(route) : (lastGood.get(route.operationId) ?? (await goodFor(route)));
      lastGood.set(route.operationId, good);
      const token = (await role.token()) ?? null;
      const answer = await exchanger.send(build(route, good, { token }));
      if (answer.status !== expected)
        wrong.push(
          `${route.operationId} as ${role.name}: ${answer.status} instead of ${expected}: ${answer.body.slice(0, 200)}`,
        );
      if (role.owner && !role.dead) continue;
      const shown = [...Object.values(good.params), ...Object.values(good.query)].reduce(
        (text, value) => text.replaceAll(value, ""),
        answer.body,
      );
      for (const mark of ofTheOwner())
        if (shown.includes(mark)) wrong.push(`${route.operationId} shows ${role.name} ${mark}`);
      if (row.private !== true || expected !== 404) continue;
      const nothing = aboutNothing(good);
      const none = await exchanger.send(build(route, nothing, { token }));
      if (essence(answer, good) !== essence(none, nothing))
        wrong.push(
          `${route.operationId} tells ${role.name} that it exists:\n  ${essence(answer, good)}\n  ${essence(none, nothing)}`,
        );
    }
  }
  return wrong;
}
const lastGood = new Map<string, GoodRequest>();

describe("who may do what", () => {
  it("has a row for every route, and no other", () => {
    expect(Object.keys(ROWS).sort()).toEqual(ALL_ROUTES.map((route) => route.operationId).sort());
  });

  it("is as the table says, for every route and role; what is another's is not there", {
    timeout: 120_000,
  }, async () => {
    expect((await violations(ALL_ROUTES, ROWS)).join("\n")).toBe("");
  });

  it("is found out where it is not: another scope, a thing that others see, a route without a row", async () => {
    const laxer: Route = { ...getWorkload, scopes: ["account:read"] };
    const wrong = await violations([laxer, getOffer, { ...getOffer, operationId: "newRoute" }], {
      getWorkload: ROWS["getWorkload"] as Row,
      getOffer: { good: 200, private: true },
    });
    expect(wrong).toContainEqual(expect.stringMatching(/^getWorkload as owner's key account:read: 403 instead of 200/));
    expect(wrong).toContainEqual(
      expect.stringMatching(/^getWorkload as owner's key workloads:read: 200 instead of 403/),
    );
    expect(wrong).toContainEqual(expect.stringMatching(/^getOffer as other's session: 200 instead of 404/));
    expect(wrong).toContainEqual(expect.stringMatching(/^getOffer tells other's session that it exists/));
    expect(wrong).toContainEqual("newRoute has no row");
  });

  it("lets nobody use another's mandate or files in a workload of his own", async () => {
    const submit = ALL_ROUTES.find((route) => route.operationId === "submitWorkload") as Route;
    const good = await goodFor(submit);
    const other = roles.find((role) => role.name === "other's session") as Role;
    const send = async (body: object) =>
      exchanger.send(build(submit, { ...good, body: body as never }, { token: (await other.token()) ?? null }));
    const asked = good.body as { readonly spec: object };
    const { hash, bytes } = own.blob;
    const withInput = (name: string) => ({
      ...asked,
      spec: { ...asked.spec, inputs: [{ path: "x", hash: name, sizeBytes: bytes.length }] },
    });
    expect(await send({ ...asked, mandate: own.mandate })).toMatchObject({ status: 404 });
    const [theirs, nothings] = [await send(withInput(hash)), await send(withInput(nameOf(randomBytes(8))))];
    expect([theirs.status, nothings.status]).toEqual([404, 404]);
    expect(JSON.parse(theirs.body)).toMatchObject({ code: "blob-not-found" });
  });

  it("is open to all only for the few routes that must be", () => {
    const open = ALL_ROUTES.filter((route) => route.scopes === "public").map((route) => route.operationId);
    expect(open.sort()).toEqual([
      "createNonce",
      "explainPlacement",
      "getGrant",
      "getMachine",
      "getMarket",
      "getNetwork",
      "getOffer",
      "listMachines",
      "listOffers",
      "offerPrices",
      "requestFunds",
      "signIn",
    ]);
  });
});
