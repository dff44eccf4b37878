import { CorepoolError } from "@corepool/core/errors";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problem, type TestApi, testApi } from "../../testing/api.ts";
import { broken, count, echo, listed } from "../../testing/thing-routes.ts";
import { systemRandom } from "../adapters/system-random.ts";
import { Reply } from "./call.ts";
import { Idempotency } from "./idempotency.ts";
import { pager } from "./page.ts";

let test: TestApi;
let token: string;
let counted = 0;
let release: (() => void) | undefined;

beforeAll(async () => {
  test = await testApi({ corsOrigins: ["https://console.example"] });
  test.api.bind(
    echo,
    async ({ params, body }) => new Reply({ id: params.id, text: body.text }, { headers: { "x-thing": "1" } }),
  );
  test.api.bind(count, async ({ body, settle }) => {
    const answer = { n: ++counted };
    if (body.how === "settle") return test.database.transaction((tx) => settle(tx, answer));
    if (body.how === "settle-then-fail") {
      await test.database.transaction((tx) => settle(tx, answer));
      throw new Error("after the commit");
    }
    if (body.how === "refuse") throw new CorepoolError("order-mismatch", { detail: `Refusal ${answer.n}.` });
    if (body.how === "later")
      throw new CorepoolError("no-placement", {
        detail: "Not now.",
        data: { reasons: [1], relaxations: [], other: 10n ** 20n },
      });
    if (body.how === "break") throw new Error("secret detail");
    if (body.how === "slow")
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    return answer;
  });
  test.api.bind(broken, async ({ query }) => {
    if (query.how === "sql")
      await test.database.reader
        .selectFrom("accounts")
        .select("nonsense" as "address")
        .execute();
    if (query.how === "early") throw new CorepoolError("not-ready", { detail: "Not yet." });
    if (query.how === "off-schema") return { n: "one" as unknown as number };
    if (query.how === "extra-field") return { n: 1, secret: "internal" };
    throw new Error("/srv/secret/path exploded");
  });
  test.api.bind(listed, async ({ query }) => {
    const { after, page } = pager("listNumbers", { even: query.even });
    const from = Number(after(query.cursor)?.id ?? "0");
    const numbers = Array.from({ length: 7 }, (_, i) => i + 1).filter((n) => n > from);
    return page(
      numbers.slice(0, query.limit + 1),
      query.limit,
      (n) => ({ at: n, id: String(n) }),
      (n) => n,
    );
  });
  token = await test.signInAs(privateKeyToAccount(generatePrivateKey()));
});
afterAll(() => test.close());

const uuid = () => crypto.randomUUID();

describe("a request", () => {
  it("is answered with the parsed route's answer, its own headers and those that all answers carry", async () => {
    const response = await test.send("POST", "/v1/things/a?n=3", {
      token,
      body: { text: "hi" },
      headers: { "x-request-id": "client-chosen-1" },
    });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ id: "a", text: "hi" });
    expect(response.headers.get("x-thing")).toBe("1");
    expect(response.headers.get("x-request-id")).toBe("client-chosen-1");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(response.headers.get("strict-transport-security")).toContain("max-age");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("ratelimit-policy")).toBe('"write";q=1000000;w=60');
    expect(response.headers.get("ratelimit")).toMatch(/^"write";r=\d+;t=\d+$/);
  });

  it("that comes a moment too early is no error in the log", async () => {
    const headers = { "x-request-id": "too-early-1" };
    expect(await problem(await test.send("GET", "/v1/broken?how=early", { headers }))).toMatchObject({
      code: "not-ready",
    });
    const lines = test.logged.filter((line) => line.includes("too-early-1"));
    expect(lines.join()).toContain('"msg":"not now"');
    for (const line of lines) expect(line).toMatch(/"level":[23]0,/);
  });

  it("is found in the log by its caller's traceparent, when that is one", async () => {
    const traceparent = `00-${"4b".repeat(16)}-${"a1".repeat(8)}-01`;
    await test.send("GET", "/v1/broken?how=throw", { headers: { traceparent } });
    const lines = test.logged.filter((line) => line.includes(`"traceparent":"${traceparent}"`));
    expect(lines.join()).toMatch(/"msg":"request failed"[\s\S]*"msg":"request"/);
    for (const bad of [
      `00-${"0".repeat(32)}-${"a1".repeat(8)}-01`,
      `ff-${"4b".repeat(16)}-${"a1".repeat(8)}-01`,
      "junk",
    ]) {
      await test.send("GET", "/v1/nowhere", { headers: { traceparent: bad } });
      expect(
        test.logged.some((line) => line.includes(bad)),
        bad,
      ).toBe(false);
    }
  });

  it("gets a fresh id when its own is not one", async () => {
    for (const id of ["short", "a b c d e f g h", "x".repeat(65), "<script>alert"]) {
      const response = await test.send("GET", "/v1/nowhere", { headers: { "x-request-id": id } });
      expect(response.headers.get("x-request-id"), id).toMatch(/^req_[0-9a-z]{26}$/);
    }
  });

  it.each<[string, unknown, string]>([
    ["a wrong type", { text: 5 }, "/text"],
    ["an unknown field", { text: "a", more: 1 }, "/more"],
    ["an unknown inner field", { text: "a", inner: { x: 1, "y/z~": 2 } }, "/inner/y~1z~0"],
    ["a missing field", {}, "/text"],
    ["too long a text", { text: "x".repeat(11) }, "/text"],
    ["an array", [], ""],
    ["null", null, ""],
  ])("with %s is refused with a pointer to it", async (_what, body, pointer) => {
    const refusal = await problem(await test.send("POST", "/v1/things/a", { token, body }));
    expect(refusal.code).toBe("bad-request");
    expect(refusal.errors?.map((error) => error.pointer)).toContain(pointer);
    expect(refusal.requestId).toMatch(/^req_/);
    expect(refusal.instance).toContain(refusal.requestId);
  });

  it.each<[string, string | Uint8Array]>([
    ["not JSON", "{"],
    ["nothing", ""],
    ["two values", "{} {}"],
    ["not UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)],
    ["a deep nest", `{"text":${"[".repeat(20_000)}`],
    ["a deep valid nest", `{"text":${"[".repeat(5_000)}${"]".repeat(5_000)}}`],
    ["a prototype", '{"text":"a","env":{"__proto__":"x"}}'],
    ["an escaped prototype", '{"text":"a","env":{"\\u005f_proto__":"x"}}'],
  ])("whose body is %s is refused, quickly", async (_what, body) => {
    const started = performance.now();
    const refusal = await problem(
      await test.send("POST", "/v1/things/a", { token, body, headers: { "content-type": "application/json" } }),
    );
    expect(refusal.code).toBe("bad-request");
    expect(performance.now() - started).toBeLessThan(500);
  });

  it("does not count brackets inside strings as depth", async () => {
    const text = `"\\"${"[".repeat(7)}`;
    expect(
      (
        await test.send("POST", "/v1/things/a", {
          token,
          body: { text: text.slice(1, 9), env: { a: '[[{"\\'.repeat(100) } },
        })
      ).status,
    ).toBe(201);
  });

  it("with another content type or a compressed body is refused", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/json5",
      "",
    ]) {
      const response = await test.send("POST", "/v1/things/a", {
        token,
        body: '{"text":"a"}',
        headers: type === "" ? {} : { "content-type": type },
      });
      expect((await problem(response)).code, type).toBe("unsupported-media-type");
    }
    const zipped = await test.send("POST", "/v1/things/a", {
      token,
      body: '{"text":"a"}',
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
    });
    expect(zipped.status).toBe(415);
    const charset = await test.send("POST", "/v1/things/a", {
      token,
      body: '{"text":"a"}',
      headers: { "content-type": "application/json; charset=utf-8" },
    });
    expect(charset.status).toBe(201);
  });

  it("with too large a body is refused, whether it says so or not", async () => {
    const large = `{"text":"${"x".repeat(2 ** 20)}"}`;
    expect(
      (
        await problem(
          await test.send("POST", "/v1/things/a", {
            token,
            body: large,
            headers: { "content-type": "application/json" },
          }),
        )
      ).code,
    ).toBe("body-too-large");
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const init = {
      method: "POST",
      body: endless,
      duplex: "half",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    } as RequestInit;
    expect((await test.api.app.request("/v1/things/a", init)).status).toBe(413);
    expect(sent).toBeLessThan(2 ** 21);
  });

  it("with a wrong or doubled query, or wrong path parameters, is refused", async () => {
    const pointers = async (path: string) =>
      (await problem(await test.send("POST", path, { token, body: { text: "a" } }))).errors?.map((e) => e.pointer);
    expect(await pointers("/v1/things/a?n=10")).toEqual(["query/n"]);
    expect(await pointers("/v1/things/a?m=1")).toEqual(["query/m"]);
    expect(await pointers("/v1/things/a?n=1&n=2")).toEqual(["query/n"]);
    expect(await pointers("/v1/things/a?__proto__=1")).toEqual(["query"]);
    expect(await pointers(`/v1/things/${"a".repeat(21)}`)).toEqual(["params/id"]);
  });

  it("to nowhere is 404, by another method 405 with what is allowed", async () => {
    expect((await problem(await test.send("GET", "/v1/nowhere"))).code).toBe("not-found");
    const wrong = await test.send("DELETE", "/v1/things/a", { token });
    expect((await problem(wrong)).code).toBe("method-not-allowed");
    expect(wrong.headers.get("allow")).toBe("POST, OPTIONS");
  });

  it("from another origin is let in only when the origin is listed", async () => {
    const ask = (origin: string) =>
      test.send("OPTIONS", "/v1/things/a", { headers: { origin, "access-control-request-method": "POST" } });
    const friend = await ask("https://console.example");
    expect(friend.status).toBe(204);
    expect(friend.headers.get("access-control-allow-origin")).toBe("https://console.example");
    expect(friend.headers.get("access-control-allow-methods")).toContain("POST");
    expect(friend.headers.get("access-control-allow-credentials")).toBeNull();
    expect((await ask("https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
    expect((await ask("null")).headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("failures of ours", () => {
  it("say nothing of SQL, paths, stacks or values, but are in the log under the request's id", async () => {
    for (const how of ["sql", "throw"]) {
      const response = await test.send("GET", `/v1/broken?how=${how}`);
      expect(response.status).toBe(500);
      const text = await response.text();
      expect(text).not.toMatch(/nonsense|secret|select|\.ts|at /i);
      const id = (JSON.parse(text) as { requestId: string }).requestId;
      expect(test.logged.filter((line) => line.includes(id)).join()).toMatch(how === "sql" ? /nonsense/ : /exploded/);
    }
  });

  it("are what an answer off its schema is", async () => {
    for (const how of ["off-schema", "extra-field"])
      expect((await test.send("GET", `/v1/broken?how=${how}`)).status, how).toBe(500);
  });
});

describe("lists", () => {
  it("page through everything once, and refuse foreign cursors", async () => {
    type Page = { data: number[]; nextCursor: string | null; hasMore: boolean };
    const seen: number[] = [];
    let cursor: string | null = null;
    do {
      const page = (await (
        await test.send("GET", `/v1/numbers?limit=3${cursor === null ? "" : `&cursor=${cursor}`}`)
      ).json()) as Page;
      seen.push(...page.data);
      cursor = page.nextCursor;
      expect(page.hasMore).toBe(cursor !== null);
    } while (cursor !== null);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const first = (await (await test.send("GET", "/v1/numbers?limit=3")).json()) as Page;
    const other = await test.send("GET", `/v1/numbers?limit=3&even=yes&cursor=${first.nextCursor}`);
    expect((await problem(other)).code).toBe("bad-cursor");
    for (const bad of ["x", "e30", "bnVsbA", Buffer.from('{"v":2}').toString("base64url")]) {
      expect((await problem(await test.send("GET", `/v1/numbers?cursor=${bad}`))).code, bad).toBe("bad-cursor");
    }
  });
});

describe("an Idempotency-Key", () => {
  const post = (how: string, key: string | undefined, who = token) =>
    test.send("POST", "/v1/count", { token: who, body: { how }, ...(key === undefined ? {} : { key }) });

  it("is required, and must be long enough not to be guessed", async () => {
    expect((await problem(await post("plain", undefined))).code).toBe("idempotency-key-missing");
    for (const key of ["short", "x".repeat(256), "with spaces in the key"])
      expect((await post("plain", key)).status, key).toBe(400);
  });

  it.each(["plain", "settle"])("has the action done once and the answer repeated (%s)", async (how) => {
    const key = uuid();
    const before = counted;
    const first = await post(how, key);
    const again = await post(how, key);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(await again.text()).toBe(await first.text());
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(counted).toBe(before + 1);
  });

  it("has the action done once even by many at the same time", async () => {
    const key = uuid();
    const before = counted;
    const answers = await Promise.all(Array.from({ length: 20 }, () => post("settle", key)));
    expect(counted).toBe(before + 1);
    const statuses = new Set(answers.map((answer) => answer.status));
    expect([...statuses].every((status) => status === 201 || status === 409)).toBe(true);
    expect(statuses.has(201)).toBe(true);
  });

  it("used for another request, or under another credential, is refused", async () => {
    const key = uuid();
    await post("plain", key);
    expect((await problem(await post("settle", key))).code).toBe("idempotency-key-reused");
    const wallet = privateKeyToAccount(generatePrivateKey());
    const [one, two] = [await test.signInAs(wallet), await test.signInAs(wallet)];
    await post("plain", key, one);
    expect((await problem(await post("plain", key, two))).code).toBe("idempotency-key-reused");
    expect((await post("plain", key, one)).headers.get("idempotent-replayed")).toBe("true");
  });

  it("whose first request still runs is told to wait; one that died may be run again", async () => {
    const key = uuid();
    const running = post("slow", key);
    while (release === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await post("slow", key);
    expect((await problem(second)).code).toBe("idempotency-in-progress");
    expect(second.headers.get("retry-after")).toBe("1");
    test.clock.advance(61_000);
    const third = post("slow", key);
    const firstRelease = release;
    release = undefined;
    while (release === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    (release as () => void)();
    const answer = await (await third).json();
    firstRelease();
    await running;
    // What the overtaken run answered is not what is kept.
    expect(await (await post("slow", key)).json()).toEqual(answer);
  });

  it("whose process died may be run again after seconds; one that lives keeps its key however long it takes", async () => {
    const request = {
      scope: "test",
      key: uuid(),
      credential: "",
      fingerprint: new Uint8Array(32),
    };
    const never = { ...test.clock, sleep: () => new Promise<void>(() => undefined) };
    const dead = new Idempotency(test.database, never, systemRandom);
    await dead.begin(request);
    await expect(test.idempotency.begin(request)).rejects.toMatchObject({ code: "idempotency-in-progress" });
    test.clock.advance(6_001);
    const second = await test.idempotency.begin(request);
    if (!("run" in second)) throw new Error("it was not taken over");
    // Two renewals later it is still its own.
    for (let i = 0; i < 2; i++) {
      test.clock.advance(4_500);
      await new Promise((resolve) => setTimeout(resolve, 2_300));
      await expect(test.idempotency.begin(request)).rejects.toMatchObject({ code: "idempotency-in-progress" });
    }
    await second.run.finish({ status: 200, contentType: null, body: "done" });
    expect(await test.idempotency.begin(request)).toEqual({ replay: expect.objectContaining({ body: "done" }) });
  });

  it("keeps refusals, but not failures and not what may succeed later", async () => {
    for (const [how, kept] of [
      ["refuse", true],
      ["later", false],
      ["break", false],
    ] as const) {
      const key = uuid();
      const before = counted;
      const first = await problem(await post(how, key));
      const again = await post(how, key);
      expect(again.headers.get("idempotent-replayed"), how).toBe(kept ? "true" : null);
      expect((await problem(again)).code).toBe(first.code);
      expect(counted - before, how).toBe(kept ? 1 : 2);
    }
  });

  it("finds the committed answer when the process failed after the commit", async () => {
    const key = uuid();
    expect((await post("settle-then-fail", key)).status).toBe(500);
    const done = counted;
    const again = await post("settle-then-fail", key);
    expect(again.status).toBe(201);
    expect(await again.json()).toEqual({ n: done });
    expect(counted).toBe(done);
  });

  it("is forgotten after a day", async () => {
    const key = uuid();
    const long = await test.sessions.start(`0x${"cd".repeat(20)}`);
    await post("plain", key, long.token);
    test.clock.advance(24 * 3600_000 + 1_000);
    const fresh = await test.sessions.start(`0x${"cd".repeat(20)}`);
    expect((await post("plain", key, fresh.token)).headers.get("idempotent-replayed")).toBeNull();
    await test.idempotency.forgetExpired();
    const { n } = await test.database.reader
      .selectFrom("idempotency")
      .select((e) => e.fn.countAll<bigint>().as("n"))
      .executeTakeFirstOrThrow();
    expect(n).toBe(1n);
  });

  it("puts reasons and relaxations at the top of the problem, and base units as text", async () => {
    const fresh = await test.sessions.start(`0x${"cd".repeat(20)}`);
    const refusal = await problem(await post("later", uuid(), fresh.token));
    expect(refusal).toMatchObject({
      code: "no-placement",
      reasons: [1],
      relaxations: [],
      retryable: true,
      data: { other: "100000000000000000000" },
    });
  });
});
