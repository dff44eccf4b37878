import { codeOf } from "@corepool/core/errors";
import { sql } from "kysely";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problem, type TestApi, testApi } from "../testing/api.ts";
import { idOfApiKeyToken } from "./api-key-token.ts";

let test: TestApi;
let session: string;
const wallet = privateKeyToAccount(generatePrivateKey());
const MACHINE = `0x${"5a".repeat(32)}` as const;

beforeAll(async () => {
  test = await testApi();
  session = await test.signInAs(wallet);
});
afterAll(() => test.close());

interface Created {
  key: {
    id: string;
    scopes: string[];
    spent: string;
    spendCap: string | null;
    lastUsedAt: string | null;
    revokedAt: string | null;
    name: string;
  };
  secret: string;
}

const create = (body: object, token = session, key: string = crypto.randomUUID()) =>
  test.send("POST", "/v1/api-keys", { token, body: { name: "ci", ...body }, key });
const created = async (body: object, token = session): Promise<Created> => {
  const response = await create(body, token);
  expect(response.status).toBe(201);
  return (await response.json()) as Created;
};

describe("API keys", () => {
  it("look as secret scanners expect, work at once, and are refused at once when revoked", async () => {
    const { key, secret } = await created({ scopes: ["account:read"] });
    expect(secret).toMatch(/^corepool_live_[0-9a-z]{26}_[0-9a-f]{64}_[0-9a-f]{8}$/);
    expect(idOfApiKeyToken(secret)).toBe(key.id);
    expect((await test.send("GET", "/v1/account", { token: secret })).status).toBe(200);
    expect((await test.send("DELETE", `/v1/api-keys/${key.id}`, { token: session })).status).toBe(204);
    expect((await test.send("GET", "/v1/account", { token: secret })).status).toBe(401);
    expect((await test.send("DELETE", `/v1/api-keys/${key.id}`, { token: session })).status).toBe(204);
  });

  it("are refused when a character is wrong, and never by timing on the secret alone", async () => {
    const { secret } = await created({ scopes: ["account:read"] });
    for (const at of [16, 30, 60, 100, secret.length - 1]) {
      const changed = `${secret.slice(0, at)}${secret[at] === "0" ? "1" : "0"}${secret.slice(at + 1)}`;
      expect((await test.send("GET", "/v1/account", { token: changed })).status, String(at)).toBe(401);
    }
  });

  it("carry their scopes and no more", async () => {
    const { secret } = await created({ scopes: ["account:read"] });
    const refused = await problem(await create({ scopes: ["account:read"] }, secret));
    expect(refused.code).toBe("forbidden");
    expect((await test.send("DELETE", "/v1/api-keys/key_0000000000", { token: secret })).status).toBe(403);
    expect((await test.send("GET", "/v1/api-keys", { token: secret })).status).toBe(200);
  });

  it("cannot make keys that may more, or lose their limits that way", async () => {
    const maker = await created({ scopes: ["keys:write", "account:read"] });
    expect((await problem(await create({ scopes: ["workloads:write"] }, maker.secret))).code).toBe("forbidden");
    expect((await create({ scopes: ["account:read"] }, maker.secret)).status).toBe(201);
    const capped = await created({ scopes: ["keys:write"], spendCap: "5" });
    expect((await problem(await create({ scopes: ["keys:write"] }, capped.secret))).code).toBe("forbidden");
    const timed = await created({
      scopes: ["keys:write"],
      expiresAt: new Date(test.clock.now() + 60_000).toISOString(),
    });
    expect((await problem(await create({ scopes: ["keys:write"] }, timed.secret))).code).toBe("forbidden");
    expect((await problem(await create({ scopes: ["agent"] }))).code).toBe("bad-request");
    expect((await problem(await create({ scopes: [] }))).code).toBe("bad-request");
  });

  it("expire", async () => {
    const past = await create({ scopes: ["account:read"], expiresAt: new Date(test.clock.now() - 1).toISOString() });
    expect((await problem(past)).errors?.[0]?.pointer).toBe("/expiresAt");
    const { secret } = await created({
      scopes: ["account:read"],
      expiresAt: new Date(test.clock.now() + 60_000).toISOString(),
    });
    expect((await test.send("GET", "/v1/account", { token: secret })).status).toBe(200);
    test.clock.advance(60_001);
    expect((await test.send("GET", "/v1/account", { token: secret })).status).toBe(401);
    test.clock.set(-3600_000);
    expect((await test.send("GET", "/v1/account", { token: secret })).status, "the clock was set back").toBe(401);
    test.clock.set(0);
  });

  it("say when they were last used", async () => {
    const { key, secret } = await created({ scopes: ["account:read"] });
    expect(key.lastUsedAt).toBeNull();
    await test.send("GET", "/v1/account", { token: secret });
    const list = (await (await test.send("GET", "/v1/api-keys?limit=200", { token: session })).json()) as {
      data: Created["key"][];
    };
    expect(list.data.find((k) => k.id === key.id)?.lastUsedAt).not.toBeNull();
    expect(JSON.stringify(list)).not.toContain(secret.slice(41, 100));
  });

  it("are listed page by page to their account alone", async () => {
    const other = await test.signInAs(privateKeyToAccount(generatePrivateKey()));
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.push((await created({ name: `k${i}`, scopes: ["account:read"] }, other)).key.id);
    type Page = { data: Created["key"][]; nextCursor: string | null };
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = (await (
        await test.send("GET", `/v1/api-keys?limit=2${cursor === null ? "" : `&cursor=${cursor}`}`, { token: other })
      ).json()) as Page;
      seen.push(...page.data.map((k) => k.id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(made.toReversed());
    const first = (await (await test.send("GET", "/v1/api-keys?limit=2", { token: other })).json()) as Page;
    expect(
      (await problem(await test.send("GET", `/v1/api-keys?cursor=${first.nextCursor}`, { token: session }))).code,
    ).toBe("bad-cursor");
    expect((await test.send("DELETE", `/v1/api-keys/${made[0]}`, { token: session })).status).toBe(404);
  });

  it("cannot commit more than their cap, even by many at once", async () => {
    const { key, secret } = await created({ scopes: ["workloads:write"], spendCap: "100000000000000000000" });
    const caller = await test.accounts.authenticate(secret);
    if (caller === undefined) throw new Error("the key is not known");
    const spend = (amount: bigint) =>
      test.database
        .transaction((tx) => test.accounts.reserveSpend(tx, caller, amount))
        .then(
          () => "ok",
          (error: unknown) => codeOf(error),
        );
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => spend(30n * 10n ** 18n)));
    expect(outcomes.filter((o) => o === "ok")).toHaveLength(3);
    expect(outcomes.filter((o) => o === "spend-cap-reached")).toHaveLength(7);
    expect(await spend(10n * 10n ** 18n)).toBe("ok");
    expect(await spend(1n)).toBe("spend-cap-reached");
    const rolledBack = test.database.transaction(async (tx) => {
      await test.accounts.reserveSpend(tx, caller, 0n);
      throw new Error("no");
    });
    await expect(rolledBack).rejects.toThrow("no");
    const list = (await (await test.send("GET", "/v1/api-keys?limit=200", { token: session })).json()) as {
      data: Created["key"][];
    };
    expect(list.data.find((k) => k.id === key.id)?.spent).toBe("100000000000000000000");
  });
});

describe("the token of an agent", () => {
  it("carries the machine and one scope, and replaces the machine's older one", async () => {
    const first = await test.accounts.issueAgentToken(wallet.address, MACHINE);
    expect(await test.accounts.authenticate(first)).toEqual({
      kind: "agent",
      account: wallet.address.toLowerCase(),
      scopes: new Set(["agent"]),
      machine: MACHINE,
    });
    expect((await test.send("GET", "/v1/account", { token: first })).status).toBe(403);
    const second = await test.accounts.issueAgentToken(wallet.address, MACHINE);
    expect(await test.accounts.authenticate(first)).toBeUndefined();
    expect(await test.accounts.authenticate(second)).toBeDefined();
  });
});

describe("a copy of the database", () => {
  it("holds no secret that works: no token, key, nonce or signature, in no encoding", async () => {
    const key = crypto.randomUUID();
    const made = (await (await create({ scopes: ["account:read"] }, session, key)).json()) as Created;
    const replayed = (await (await create({ scopes: ["account:read"] }, session, key)).json()) as Created;
    expect(replayed.secret).toBe(made.secret);
    const { nonce } = (await (
      await test.send("POST", "/v1/auth/nonce", { body: { address: wallet.address } })
    ).json()) as { nonce: string };
    const agent = await test.accounts.issueAgentToken(wallet.address, MACHINE);
    const dump: string[] = [];
    for (const table of [
      "accounts",
      "sign_in_nonces",
      "sessions",
      "api_keys",
      "idempotency",
      "events",
      "blob_refs",
      "blob_uploads",
      "blob_deliveries",
    ]) {
      const { rows } = await sql<{
        line: string;
      }>`select ${sql.ref(table)}::text as line from ${sql.table(table)}`.execute(test.database.reader);
      dump.push(...rows.map((row) => row.line));
    }
    const text = dump.join("\n");
    expect(dump.length).toBeGreaterThan(10);
    const needles = [session, made.secret, made.secret.slice(41, 105), nonce, agent, agent.slice(15), key];
    for (const needle of needles) {
      for (const form of [
        needle,
        Buffer.from(needle).toString("hex"),
        Buffer.from(needle).toString("base64"),
        Buffer.from(needle).toString("base64url"),
      ]) {
        expect(text.includes(form), needle.slice(0, 20)).toBe(false);
      }
    }
    for (const line of test.logged) for (const needle of needles) expect(line.includes(needle)).toBe(false);
  });
});
