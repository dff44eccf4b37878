import { systemClock, systemRandom } from "@corepool/sdk/adapters/system";
import { createClient } from "@corepool/sdk/client";
import { describe, expect, it } from "vitest";
import { createLogReader, type LogReader, type Page } from "./reader.ts";

const ATTEMPT = "att_0123456789";

/** Server-sent events of a log's bytes from `from` on, in records of `size` bytes. */
function records(
  text: string,
  from: number,
  options: { readonly size?: number; readonly attempt?: string } = {},
): string {
  const { size = 7, attempt = ATTEMPT } = options;
  const bytes = Buffer.from(text);
  let out = "";
  for (let at = from; at < bytes.length; at += size) {
    const data = bytes.subarray(at, at + size);
    out += `id: ${at + data.length}\nevent: log\ndata: ${JSON.stringify({ attempt, stream: "stdout", offset: at, data: data.toString("base64") })}\n\n`;
  }
  return out;
}
const END = `event: end\ndata: {"offset":0,"finished":true}\n\n`;

/** A connection that says `text` and then breaks, or ends in order. */
function connection(text: string, breaks: boolean): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      if (!breaks) controller.close();
    },
    pull(controller) {
      if (breaks) controller.error(new TypeError("network changed"));
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function readerOver(answers: readonly ((offset: number) => Response)[]) {
  const asked: number[] = [];
  let turns = 0;
  const page: Page = {
    beforePaint: (work) => void setImmediate(work),
    turn: () => {
      turns++;
      return new Promise((resolve) => setImmediate(resolve));
    },
    now: () => 0,
  };
  const client = createClient({
    url: "http://localhost:1",
    clock: systemClock,
    random: systemRandom,
    fetch: async (url) => {
      const offset = Number(new URL(url).searchParams.get("offset"));
      const answer = answers[asked.length];
      asked.push(offset);
      if (answer === undefined) throw new TypeError("unreachable");
      return answer(offset);
    },
  });
  return { reader: createLogReader(client, "wkl_0123456789", () => true, page), asked, turns: () => turns };
}

async function textOf(reader: LogReader): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  const { lines } = reader.store.get();
  return Array.from({ length: lines.end }, (_, index) => lines.line(index)?.text).join("\n");
}

const LOG = Array.from({ length: 50 }, (_, n) => `line ${n} 줄`).join("\n");

describe("a log that is read as it is written", () => {
  it("goes on behind the last byte it has after a break, and loses and repeats nothing", async () => {
    const { reader, asked } = readerOver([
      () => connection(records(LOG, 0).slice(0, 2_000), true),
      (offset) => connection(records(LOG, offset).slice(0, 1_500), true),
      (offset) => connection(records(LOG, offset) + END, false),
    ]);
    await reader.read(new AbortController().signal);
    expect(await textOf(reader)).toBe(LOG);
    expect(reader.store.get()).toMatchObject({ phase: "over", missing: 0, attempt: ATTEMPT });
    expect(asked[0]).toBe(0);
    expect(asked[1]).toBeGreaterThan(0);
    expect(asked[2]).toBeGreaterThan(asked[1] ?? 0);
  });

  it("takes what comes twice once, and says how many bytes are missing", async () => {
    const overlapping = records(LOG.slice(0, 21), 0) + records(LOG.slice(0, 42), 14);
    const { reader } = readerOver([() => connection(overlapping + records(LOG, 60) + END, false)]);
    await reader.read(new AbortController().signal);
    const text = await textOf(reader);
    expect(text.startsWith(LOG.slice(0, 40))).toBe(true);
    expect(reader.store.get().missing).toBe(60 - Buffer.byteLength(LOG.slice(0, 42)));
  });

  it("reads another attempt's log from its own first byte", async () => {
    const second = "another attempt";
    const { reader, asked } = readerOver([
      () => connection(records("first", 0) + records(second, 7, { attempt: "att_1111111111" }), false),
      (offset) => connection(records(second, offset, { attempt: "att_1111111111" }) + END, false),
    ]);
    await reader.read(new AbortController().signal);
    expect(await textOf(reader)).toBe(second);
    expect(asked).toEqual([0, 0]);
  });

  it("gives the page its turn while very much comes at once", async () => {
    const much = "a line of a log that is written very fast\n".repeat(5_000);
    const { reader, turns } = readerOver([() => connection(records(much, 0, { size: 42 }) + END, false)]);
    await reader.read(new AbortController().signal);
    expect(reader.store.get().lines.end).toBe(5_000);
    expect(turns()).toBeGreaterThan(1);
  });

  it("says why when it cannot be read", async () => {
    const { reader } = readerOver([
      () =>
        Response.json({ code: "not-found", detail: "There is no such workload.", requestId: "req_1" }, { status: 404 }),
    ]);
    await reader.read(new AbortController().signal);
    await textOf(reader);
    expect(reader.store.get().phase).toBe("failed");
    expect(reader.store.get().error).toMatchObject({ code: "not-found" });
  });
});
