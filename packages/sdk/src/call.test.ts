import { CorepoolError } from "@corepool/core/errors";
import { createApiKey, getAccount } from "@corepool/protocol/routes/accounts";
import { getWorkload } from "@corepool/protocol/routes/workloads";
import { describe, expect, it } from "vitest";
import { call } from "./call.ts";
import { problem, scriptedClient } from "./test/scripted.ts";

const ACCOUNT = { address: `0x${"1".repeat(40)}`, balances: [], counter: 1, nextNonce: 1 };
const KEY = {
  id: "key_0123456789",
  name: "ci",
  scopes: ["account:read"],
  spendCap: null,
  spent: "0",
  createdAt: "2026-01-01T00:00:00.000Z",
  expiresAt: null,
  lastUsedAt: null,
  revokedAt: null,
};

const failure = async (work: Promise<unknown>): Promise<CorepoolError> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof CorepoolError)) throw new Error("expected a CorepoolError");
  return error;
};

describe("a call", () => {
  it("keeps its idempotency key over retries, and two calls have two", async () => {
    const { client, sent } = scriptedClient((_, n) => {
      if (n === 1) throw new TypeError("fetch failed");
      if (n === 2) return problem(503, "chain-unavailable");
      return Response.json({ key: KEY, secret: "s" }, { status: 201 });
    });
    const make = () => call(client, createApiKey, { body: { name: "ci", scopes: ["account:read"] } });
    await make();
    await make();
    const keys = sent.map((s) => s.headers.get("idempotency-key"));
    expect(keys).toHaveLength(4);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[3]).not.toBe(keys[0]);
  });

  it("carries the coordinator's own code, detail and request id", async () => {
    const { client, sent } = scriptedClient(() => problem(409, "no-placement", { reasons: [1] }));
    const error = await failure(call(client, getAccount, {}));
    expect(error).toMatchObject({ code: "no-placement", message: "it is no-placement" });
    expect(error.data).toMatchObject({ requestId: "req_1", reasons: [1], status: 409 });
    expect(sent).toHaveLength(1);
  });

  it("gives up when its patience is over, and says that nobody answered", async () => {
    const { client, sent } = scriptedClient(() => {
      throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    });
    const error = await failure(call(client, getAccount, {}));
    expect(error.code).toBe("coordinator-unreachable");
    expect(error.message).toContain("ECONNREFUSED");
    expect(sent.length).toBeGreaterThan(5);
  });

  it("sends nothing that the route does not take", async () => {
    const { client, sent } = scriptedClient(() => Response.json(ACCOUNT));
    const error = await failure(call(client, getWorkload, { params: { id: "../../etc/passwd" } }));
    expect(error.code).toBe("bad-request");
    expect(error.message).toContain("/id");
    expect(sent).toHaveLength(0);
  });

  it("signs in again once when its sign-in has expired", async () => {
    const { client, sent } = scriptedClient((s) =>
      s.headers.get("authorization") === "Bearer new" ? Response.json(ACCOUNT) : problem(401, "unauthenticated"),
    );
    const tokens = ["old", "new"];
    const renewing = { ...client, credentials: { token: undefined, renew: async () => tokens.shift() ?? "none" } };
    await expect(call(renewing, getAccount, {})).resolves.toEqual(ACCOUNT);
    expect(sent.map((s) => s.headers.get("authorization"))).toEqual(["Bearer old", "Bearer new"]);
  });

  it("refuses an answer that the API does not promise", async () => {
    const { client } = scriptedClient(() => Response.json({ ...ACCOUNT, counter: "1" }));
    expect((await failure(call(client, getAccount, {}))).message).toContain("/counter");
  });
});
