import { setTimeout as wait } from "node:timers/promises";
import { systemClock, systemRandom } from "@corepool/sdk/adapters/system";
import { createClient } from "@corepool/sdk/client";
import { describe, expect, it } from "vitest";
import { LogLines } from "./lines.ts";
import { createWholeSearch, placeOf } from "./whole-search.ts";

const lineAt = (number: number, text = `loss ${number}`) => ({
  stream: "stdout" as const,
  offset: number * 10,
  number,
  text,
});

/** A search over answers of the coordinator, each of so many lines; the last one ends it. */
function searchOver(pages: readonly number[], slowMs = 0) {
  const asked: URLSearchParams[] = [];
  let number = 0;
  const fetch = async (url: string): Promise<Response> => {
    const size = pages[asked.length] ?? 0;
    asked.push(new URL(url).searchParams);
    if (slowMs > 0) await wait(slowMs);
    const hasMore = asked.length < pages.length;
    const data = Array.from({ length: size }, () => lineAt(++number));
    const how = { nextCursor: hasMore ? `after-${number}` : null, hasMore, attempt: "att_0123456789" };
    return Response.json({ data, ...how, searchedBytes: asked.length * 100, logBytes: pages.length * 100 });
  };
  const client = createClient({ url: "http://localhost:1", clock: systemClock, random: systemRandom, fetch });
  return { search: createWholeSearch(client, "wkl_0123456789"), asked };
}

describe("a search of the whole log", () => {
  it("goes on through pages without a line, and stops for its reader at a hundred", async () => {
    const { search, asked } = searchOver([0, 60, 40, 0, 3]);
    await search.start({ text: "손실", source: "stderr" });
    expect(search.store.get()).toMatchObject({ phase: "more", searchedBytes: 300, logBytes: 500 });
    expect(search.store.get().found.length).toBe(100);
    expect(asked.map((query) => [query.get("limit"), query.get("cursor")])).toEqual([
      ["100", null],
      ["100", "after-0"],
      ["40", "after-60"],
    ]);
    expect([asked[0]?.get("text"), asked[0]?.get("stream"), asked[0]?.get("ignoreCase")]).toEqual([
      ...["손실", "stderr", "true"],
    ]);
    await search.more();
    expect([search.store.get().phase, search.store.get().found.length]).toEqual(["done", 103]);
    expect(new Set(search.store.get().found.map(({ number }) => number)).size).toBe(103);
  });

  it("keeps nothing of what was asked before", async () => {
    const { search } = searchOver([2, 1, 5], 20);
    const first = search.start({ text: "a", source: "all" });
    search.clear();
    await first;
    expect(search.store.get()).toMatchObject({ phase: "idle", found: [] });
    await search.start({ text: "b", source: "all" });
    expect(search.store.get().found.map(({ number }) => number)).toEqual([3, 4, 5, 6, 7, 8]);
  });

  it("knows where the page holds a line, though it cut a long one before", () => {
    const lines = new LogLines(3);
    const bytes = (text: string) => new TextEncoder().encode(text);
    lines.append("stdout", bytes(`${"x".repeat(5_000)}\nloss 2\nloss 3\n`), undefined);
    expect(placeOf(lines, lineAt(1, "x".repeat(5_000)))).toBe(0);
    expect(placeOf(lines, lineAt(2))).toBe(2);
    expect(placeOf(lines, lineAt(2, "loss 23"))).toBeUndefined();
    expect(placeOf(lines, lineAt(3))).toBe(3);
    expect(placeOf(lines, { ...lineAt(3), stream: "stderr" })).toBeUndefined();
    expect(placeOf(lines, lineAt(9))).toBeUndefined();
    for (let n = 4; n < 20; n++) lines.append("stdout", bytes(`loss ${n}\n`), undefined);
    expect(placeOf(lines, lineAt(2))).toBeUndefined();
    expect(placeOf(lines, lineAt(19))).toBe(19);
  });
});
