import type { FoundLogLine } from "@corepool/protocol/resources";
import type { RouteQueryInput } from "@corepool/protocol/route";
import { searchLog } from "@corepool/protocol/routes/records";
import { call } from "@corepool/sdk/call";
import { searchWholeLog } from "@corepool/sdk/log";
import { signInWith } from "@corepool/sdk/sign-in";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestAgent } from "../testing/agent.ts";
import { TestClient } from "../testing/client.ts";
import { type TestMarket, testMarket } from "../testing/market.ts";
import { formatPlace, parsePlace } from "./log-search.ts";

let market: TestMarket;
let client: TestClient;
let agent: TestAgent;

beforeAll(async () => {
  market = await testMarket();
  client = new TestClient(market);
  agent = await client.agent(8);
});
afterAll(async () => {
  await agent.cut();
  await market.endAll();
});

/** A workload that runs, and a function that has its agent write to its log. */
async function running() {
  const { id, assign } = await client.leased(agent);
  await agent.run(assign);
  const { attempt } = assign;
  let offset = 0;
  const write = async (stream: "stdout" | "stderr", data: string | Uint8Array): Promise<void> => {
    const bytes = Buffer.from(data);
    agent.send({ type: "log", body: { attempt, stream, offset, data: bytes.toString("base64") } });
    offset += bytes.length;
    const end = offset;
    await agent.waitFor("log-ack", (m) => m.body.attempt === attempt && m.body.offset === end);
  };
  return { id, attempt, write };
}

const pageOf = (id: string, query: RouteQueryInput<typeof searchLog>) =>
  call(market.api, searchLog, { params: { id }, query });

async function all(id: string, query: Parameters<typeof searchWholeLog>[2]): Promise<FoundLogLine[]> {
  const found: FoundLogLine[] = [];
  for await (const { data } of searchWholeLog(market.api, id, query)) found.push(...data);
  return found;
}

describe("searchLog", () => {
  it("finds lines in what is stored, page by page, Korean across pieces too", async () => {
    const { id, attempt, write } = await running();
    const korean = Buffer.from("학습을 시작합니다\n");
    await write("stdout", korean.subarray(0, 4));
    await write("stderr", "Warning: 학습 slow\n");
    await write("stdout", korean.subarray(4));
    await write("stdout", "loss 0.5\nwarning: nan\nloss 0.25, 학습");
    expect(await pageOf(id, { text: "학습" })).toEqual({
      attempt,
      data: [
        { stream: "stderr", offset: 4, number: 2, text: "Warning: 학습 slow" },
        { stream: "stdout", offset: 0, number: 1, text: "학습을 시작합니다" },
        { stream: "stdout", offset: 69, number: 5, text: "loss 0.25, 학습" },
      ],
      nextCursor: null,
      hasMore: false,
      searchedBytes: 86,
      logBytes: 86,
    });
    const numbers = async (query: Parameters<typeof all>[1]) => (await all(id, query)).map(({ number }) => number);
    expect(await numbers({ text: "학습", limit: 1 })).toEqual([2, 1, 5]);
    expect(await numbers({ text: "warning" })).toEqual([4]);
    expect(await numbers({ text: "warning", ignoreCase: "true" })).toEqual([2, 4]);
    expect(await numbers({ text: "warning", ignoreCase: "true", stream: "stdout" })).toEqual([4]);
    // No pattern, on either side.
    expect(await numbers({ text: "loss .*" })).toEqual([]);
    expect(await numbers({ text: "%" })).toEqual([]);
    expect(await numbers({ text: "loss", attempt: 1 })).toEqual([3, 5]);
    expect(await pageOf(id, { text: "loss", attempt: 2 })).toMatchObject({ attempt: null, data: [], logBytes: 0 });
  });

  it("looks at a bounded stretch in one call and goes on where it stopped", async () => {
    const { id, write } = await running();
    const filler = `${"x".repeat(999)}\n`.repeat(65);
    for (let n = 0; n < 90; n++) await write("stdout", `${filler}step ${n}\n`);
    const pages = [];
    for await (const page of searchWholeLog(market.api, id, { text: "step 8", limit: 200 })) pages.push(page);
    expect(pages.flatMap(({ data }) => data).map(({ text }) => text)).toEqual(
      ["8", "80", "81", "82", "83", "84", "85", "86", "87", "88", "89"].map((n) => `step ${n}`),
    );
    expect(pages.map(({ hasMore }) => hasMore)).toEqual([true, false]);
    expect(pages[0]?.searchedBytes).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(pages[1]?.searchedBytes).toBe(pages[1]?.logBytes);
  });

  it("says what is wrong with a question", async () => {
    const { id, write } = await running();
    await write("stdout", "one\ntwo\none\n");
    const { token } = await signInWith(market.api, market.wallet);
    const ask = async (query: Record<string, string>) => {
      const url = `${market.url}${searchLog.path.replace("{id}", id)}?${new URLSearchParams(query).toString()}`;
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      const { code, errors } = (await response.json()) as { code?: string; errors?: { pointer: string }[] };
      return [response.status, code, errors?.[0]?.pointer];
    };
    expect(await ask({})).toEqual([400, "bad-request", "query/text"]);
    expect(await ask({ text: "" })).toEqual([400, "bad-request", "query/text"]);
    expect(await ask({ text: "a\nb" })).toEqual([400, "bad-request", "query/text"]);
    expect(await ask({ text: "한".repeat(201) })).toEqual([400, "bad-request", "query/text"]);
    expect(await ask({ text: "a", limit: "201" })).toEqual([400, "bad-request", "query/limit"]);
    expect(await ask({ text: "a", stream: "stdin" })).toEqual([400, "bad-request", "query/stream"]);
    expect(await ask({ text: "a", ignoreCase: "yes" })).toEqual([400, "bad-request", "query/ignoreCase"]);
    expect(await ask({ text: "a", cursor: "x" })).toEqual([400, "bad-cursor", undefined]);
    const first = await pageOf(id, { text: "one", limit: 1 });
    expect(first.nextCursor).not.toBeNull();
    // A cursor is of one text, and of one workload.
    expect(await ask({ text: "two", cursor: String(first.nextCursor) })).toEqual([400, "bad-cursor", undefined]);
    const other = await running();
    await expect(pageOf(other.id, { text: "one", cursor: String(first.nextCursor) })).rejects.toMatchObject({
      code: "bad-cursor",
    });
  });

  it("keeps every place in a cursor", () => {
    const line = fc.option(fc.record({ number: fc.nat(), start: fc.nat() }), { nil: undefined });
    fc.assert(
      fc.property(fc.nat(), fc.nat(), line, line, (at, lines, stdout, stderr) => {
        const place = { at, lines, stdout, stderr };
        const attempt = "att_0123456789";
        expect(parsePlace(formatPlace(attempt, place), at)).toEqual({ attempt, place });
      }),
    );
    expect(() => parsePlace("att_0123456789 1 o5", 0)).toThrow(/cursor/);
  });
});
