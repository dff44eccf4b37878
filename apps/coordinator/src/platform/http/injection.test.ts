import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestApi, testApi } from "../../testing/api.ts";

/** Texts that would end a statement, a string, a path or a line, were they ever put into one. */
const HOSTILE = [
  "'; drop table api_keys; --",
  "' or '1'='1",
  '"; select pg_sleep(10); --',
  "\\'; select 1; --",
  "$1 $$ $tag$",
  "../../etc/passwd",
  "%2e%2e%2f",
  "$(touch /tmp/x) `id`",
  "<script>alert(1)</script>",
  "{{7*7}} %s %n",
];

describe("texts that mean something to an interpreter", () => {
  let test: TestApi;
  let token: string;
  beforeAll(async () => {
    test = await testApi();
    token = await test.signInAs(privateKeyToAccount(generatePrivateKey()));
  });
  afterAll(() => test.close());

  it("are kept and given back as what they are", async () => {
    for (const name of HOSTILE) {
      const made = await test.send("POST", "/v1/api-keys", {
        token,
        key: crypto.randomUUID(),
        body: { name, scopes: ["blobs:read"] },
      });
      expect(made.status, name).toBe(201);
    }
    const listed = (await (await test.send("GET", "/v1/api-keys", { token })).json()) as { data: { name: string }[] };
    expect(listed.data.map(({ name }) => name).sort()).toEqual([...HOSTILE].sort());
  });

  it("are refused as names, cursors and limits, and break nothing", async () => {
    for (const text of HOSTILE) {
      const encoded = encodeURIComponent(text);
      for (const [method, path] of [
        ["GET", `/v1/blobs/${encoded}`],
        ["GET", `/v1/blobs/${encodeURIComponent(encoded)}`],
        ["DELETE", `/v1/api-keys/${encoded}`],
        ["GET", `/v1/api-keys?cursor=${encoded}`],
        ["GET", `/v1/api-keys?limit=${encoded}`],
      ] as const) {
        const { status } = await test.send(method, path, { token });
        expect([400, 404], `${method} ${path}`).toContain(status);
      }
    }
  });
});
