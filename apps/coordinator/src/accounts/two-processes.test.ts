import type { Hex } from "@corepool/core/hex";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SignInNonce, siweMessage } from "../testing/api.ts";
import { Exchanger } from "../testing/fuzz/exchange.ts";
import { type CoordinatorProcess, type ProcessMarket, processMarket } from "../testing/processes.ts";

/** Two coordinators on one database, behind one public address: what one of them is told holds on the other at once. */
const PUBLIC = "http://pool.example";

let market: ProcessMarket;
let first: CoordinatorProcess;
let second: CoordinatorProcess;
beforeAll(async () => {
  market = await processMarket();
  first = await market.start({ COREPOOL_PUBLIC_URL: PUBLIC });
  second = await market.start({ COREPOOL_PUBLIC_URL: PUBLIC, COREPOOL_MODE: "api" });
});
afterAll(() => market.endAll());

async function post(url: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** A message that the wallet signed for a fresh nonce. */
async function signedMessage(key: Hex): Promise<{ readonly message: string; readonly signature: Hex }> {
  const account = privateKeyToAccount(key);
  const response = await post(first.url, "/v1/auth/nonce", { address: account.address });
  const message = siweMessage(account.address, (await response.json()) as SignInNonce);
  return { message, signature: await account.signMessage({ message }) };
}

async function signIn(key: Hex): Promise<string> {
  const response = await post(first.url, "/v1/auth/sessions", await signedMessage(key));
  expect(response.status).toBe(201);
  return ((await response.json()) as { token: string }).token;
}

const account = async (url: string, token: string) =>
  (await fetch(`${url}/v1/account`, { headers: { authorization: `Bearer ${token}` } })).status;

describe("two coordinators on one database", () => {
  it("let one of a thousand concurrent repeats of a sign-in through", { timeout: 60_000 }, async () => {
    const body = Buffer.from(JSON.stringify(await signedMessage(generatePrivateKey())));
    const both = [new Exchanger(first.url), new Exchanger(second.url)];
    const request = {
      method: "POST",
      target: "/v1/auth/sessions",
      headers: [["content-type", "application/json"]],
      body,
    } as const;
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => (both[i % 2] as Exchanger).send(request)),
    ).finally(() => both.map((each) => each.end()));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(
      answers.filter(({ status, body: text }) => status === 401 && text.includes('"sign-in-refused"')),
    ).toHaveLength(999);
  });

  it("refuse a key within a second of its revocation on the other, and a session at its end", async () => {
    const session = await signIn(generatePrivateKey());
    const bearer = { authorization: `Bearer ${session}` };
    const made = await post(
      first.url,
      "/v1/api-keys",
      { name: "ci", scopes: ["account:read"] },
      { ...bearer, "idempotency-key": crypto.randomUUID() },
    );
    const { key, secret } = (await made.json()) as { key: { id: string }; secret: string };
    // Warm: what a process might remember of a key, it remembers by now.
    for (let i = 0; i < 5; i++) expect(await account(second.url, secret)).toBe(200);
    const revoked = await fetch(`${first.url}/v1/api-keys/${key.id}`, { method: "DELETE", headers: bearer });
    expect(revoked.status).toBe(204);
    const end = performance.now() + 1_000;
    let status = 200;
    while (status === 200 && performance.now() < end) status = await account(second.url, secret);
    expect(status).toBe(401);
    expect(await account(first.url, secret)).toBe(401);

    expect(await account(second.url, session)).toBe(200);
    expect((await fetch(`${first.url}/v1/auth/sessions`, { method: "DELETE", headers: bearer })).status).toBe(204);
    expect(await account(second.url, session)).toBe(401);
  });
});
