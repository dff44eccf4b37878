import { createHash, randomBytes } from "node:crypto";
import type { BlobHash, Hex } from "@corepool/core/hex";
import { digestOf, mandateData } from "@corepool/protocol/eip712";
import type { Route, Scope } from "@corepool/protocol/route";
import { createApiKey, grantMandate } from "@corepool/protocol/routes/accounts";
import { writeBlob } from "@corepool/protocol/routes/blobs";
import type { MandateMessage } from "@corepool/protocol/spec";
import { call } from "@corepool/sdk/call";
import { signInWith } from "@corepool/sdk/sign-in";
import { zeroHash } from "viem";
import { sign } from "viem/accounts";
import type { Assign, TestAgent } from "./agent.ts";
import { RATE, type TestClient } from "./client.ts";
import type { GoodRequest } from "./fuzz/bad-requests.ts";
import type { Json } from "./fuzz/values.ts";

/** One thing of every kind that an account can have, made through the API. */
export interface Belongings {
  readonly client: TestClient;
  /** A session of the account's wallet. */
  readonly token: string;
  readonly apiKey: { readonly id: string; readonly secret: string };
  readonly mandate: string;
  readonly blob: { readonly hash: BlobHash; readonly bytes: Uint8Array };
  /** A workload whose lease is open, on the agent. It has the blob as input and a variable in its environment. */
  readonly leased: { readonly id: string; readonly assign: Assign };
  /** What its environment holds. */
  readonly envValue: string;
  readonly offer: string;
  readonly machine: Hex;
}

let salt = 0;

/** A mandate over little, signed by the client. */
export async function signedMandate(client: TestClient, changes: Partial<MandateMessage> = {}) {
  const { market } = client;
  const mandate: MandateMessage = {
    client: market.client.address,
    operator: market.relayer.address,
    token: market.deployment.gpToken,
    maxRate: String(RATE),
    maxEscrow: String(RATE * 60n),
    maxTotal: String(RATE * 100n),
    providers: zeroHash,
    expiry: 4_000_000_000,
    counter: 1,
    salt: ++salt,
    ...changes,
  };
  const hash = digestOf(mandateData(market.domain, mandate));
  return { mandate, signature: await sign({ hash, privateKey: market.client.key, to: "hex" }) };
}

/** Makes an API key of the client's account. */
export async function newApiKey(client: TestClient, scopes: readonly Exclude<Scope, "agent">[], name = "key") {
  const made = await call(client.market.api, createApiKey, { body: { name, scopes: [...scopes] } });
  return { id: made.key.id, secret: made.secret };
}

export const nameOf = (bytes: Uint8Array): BlobHash => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Uploads bytes as the account of a token. */
export async function upload(url: string, token: string, bytes: Uint8Array): Promise<BlobHash> {
  const hash = nameOf(bytes);
  const response = await fetch(url + writeBlob.path.replace("{hash}", hash), {
    method: "PUT",
    headers: { authorization: `Bearer ${token}` },
    body: Buffer.from(bytes),
  });
  if (response.status !== 201) throw new Error(`the upload failed: ${response.status} ${await response.text()}`);
  return hash;
}

/** Makes everything. The agent must offer at least two units. */
export async function makeBelongings(client: TestClient, agent: TestAgent): Promise<Belongings> {
  const { market } = client;
  const { token } = await signInWith(market.api, market.wallet);
  const bytes = randomBytes(2_000);
  const hash = await upload(market.url, token, bytes);
  const envValue = `env-${randomBytes(16).toString("hex")}`;
  const inputs = [{ path: "input.bin", hash, sizeBytes: bytes.length }];
  const { id, assign } = await client.leased(agent, { name: "belongings", env: { CLIENTS_OWN: envValue }, inputs });
  await agent.run(assign);
  const apiKey = await newApiKey(client, ["account:read"], "belongings");
  await newApiKey(client, ["account:read"], "another");
  const mandate = (await call(market.api, grantMandate, { body: await signedMandate(client) })).id;
  await call(market.api, grantMandate, { body: await signedMandate(client) });
  await client.submit();
  const { placed } = await client.submit();
  if (placed === null) throw new Error("nothing is placed");
  const { machine } = agent;
  return {
    client,
    token,
    apiKey,
    mandate,
    blob: { hash, bytes },
    leased: { id, assign },
    envValue,
    offer: placed.offerId,
    machine,
  };
}

const NOTHING: GoodRequest = { token: "", params: {}, query: {}, body: undefined, bytes: undefined, headers: [] };

/**
 * A request of a route that is good, about things of the account's own. Each call makes fresh things where a request
 * would use them up. Throws for a route that it does not know: add it here.
 */
export async function goodRequest(route: Route, own: Belongings): Promise<GoodRequest> {
  const { client, token } = own;
  const { market } = client;
  const base: GoodRequest = { ...NOTHING, token };
  const about = (id: string, body?: unknown): GoodRequest => ({
    ...base,
    params: { id },
    body: body as Json | undefined,
  });
  const asked = { spec: client.spec({ env: { A: "b" } }), constraints: { token: market.deployment.gpToken } };
  const { lease } = own.leased.assign;
  switch (route.operationId) {
    case "createNonce":
      return { ...base, body: { address: market.client.address } };
    case "signIn":
      return { ...base, body: { message: "pool.example wants you to sign in", signature: "0x1234" } };
    case "requestFunds":
      return { ...base, body: { address: market.client.address } };
    case "getGrant":
      return about(`fct_${"0".repeat(26)}`);
    case "createApiKey":
      return {
        ...base,
        body: { name: "ci", scopes: ["account:read"], spendCap: "5", expiresAt: "2099-01-01T00:00:00.000Z" },
      };
    case "grantMandate":
      return { ...base, body: (await signedMandate(client)) as unknown as Json };
    case "revokeApiKey":
      return about(own.apiKey.id);
    case "dropMandate":
      return about(own.mandate);
    case "headBlob":
    case "readBlob":
      return { ...base, params: { hash: own.blob.hash } };
    case "writeBlob":
      return { ...base, params: { hash: own.blob.hash }, bytes: own.blob.bytes };
    case "getOffer":
      return about(own.offer);
    case "getMachine":
    case "getOwnMachine":
      return about(own.machine);
    case "drainMachine":
      return about(own.machine, { draining: true });
    case "submitWorkload":
      return { ...base, body: { ...asked, mandate: own.mandate } as unknown as Json };
    case "explainPlacement":
      return { ...base, body: asked as unknown as Json };
    case "acceptPlacement": {
      const workload = await client.submit();
      return about(workload.id, (await client.order(workload)).body);
    }
    case "replaceWorkload":
    case "cancelWorkload":
      return about((await client.submit()).id);
    case "getWorkload":
    case "streamLogs":
    case "listOutputs":
    case "workloadMetrics":
    case "listWorkloadEvents":
    case "downloadLog":
    case "getReceipt":
      return about(own.leased.id);
    case "searchLog":
      return { ...about(own.leased.id), query: { text: "loss" } };
    case "streamEvents":
      return { ...base, query: { workload: own.leased.id } };
    case "getLease":
      return about(lease);
    case "probeLease":
      return about(lease, { nonce: `0x${"5b".repeat(32)}` });
    case "payLease":
      return about(lease, { total: "0", signature: "0x1234" });
    case "getMarket":
    case "signOut":
    case "getAccount":
    case "streamAccount":
    case "listLedger":
    case "getSpend":
    case "listApiKeys":
    case "listMandates":
    case "listOffers":
    case "listMachines":
    case "listOwnMachines":
    case "getNetwork":
    case "offerPrices":
    case "listWorkloads":
      return base;
    default:
      throw new TypeError(`there is no good request for ${route.operationId} yet: write one`);
  }
}
