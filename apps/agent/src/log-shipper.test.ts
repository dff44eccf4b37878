import type { LogChunk } from "@corepool/core/ports/runtime";
import type { FromAgent } from "@corepool/protocol/agent";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogShipper } from "./log-shipper.ts";
import { LogTurns } from "./log-turns.ts";
import { ManualClock, settled } from "./test/manual-clock.ts";

type LogMessage = Extract<FromAgent, { type: "log" }>["body"];

/** A sandbox's log of the given chunks; positions are their indexes times 1,000. The rest as for `shipper`. */
const logOf = (chunks: readonly Uint8Array[], fails: number[], everyNotice: number) => ({
  async *followLog(position: number, signal?: AbortSignal): AsyncGenerator<LogChunk> {
    let given = 0;
    const fail = () => {
      if (fails[0] !== given) return;
      fails.shift();
      throw new Error("EIO: i/o error, read");
    };
    for (const [index, bytes] of chunks.entries()) {
      if (signal?.aborted) return;
      const next = (index + 1) * 1_000;
      if (next <= position) continue;
      fail();
      given++;
      yield { stream: index % everyNotice === everyNotice - 1 ? "notice" : "stdout", bytes, bootNs: 0n, next };
    }
    fail();
  },
});

/**
 * @param fails each number: a read of the log breaks off after so many more chunks
 * @param answers whether the coordinator stores what it gets
 * @param everyNotice the last of so many chunks is of the other stream
 */
function shipper(
  chunks: readonly Uint8Array[],
  from = { offset: 0, position: 0 },
  fails: readonly number[] = [],
  answers = false,
  everyNotice = 3,
) {
  const sent: LogMessage[] = [];
  const stored: { offset: number; position: number }[] = [];
  const clock = new ManualClock();
  const logs: LogShipper = new LogShipper({
    attempt: "att_0000000000000001",
    clock,
    handle: logOf(chunks, [...fails], everyNotice),
    turns: new LogTurns(clock),
    from,
    send: async (message) => {
      if (message.type !== "log") return;
      const { body } = message;
      sent.push(body);
      if (answers) setImmediate(() => logs.acknowledged(body.offset + Buffer.from(body.data, "base64").length));
    },
    stored: (to) => stored.push(to),
  });
  return { logs, sent, stored, clock };
}

const bytesOf = (sent: readonly LogMessage[]) => Buffer.concat(sent.map(({ data }) => Buffer.from(data, "base64")));
const signal = new AbortController().signal;

describe("LogShipper", () => {
  it("never has more than 256 KiB under way, and reads on as it is acknowledged", async () => {
    const chunks = Array.from({ length: 40 }, (_, i) => new Uint8Array(50_000).fill(i));
    const { logs, sent } = shipper(chunks);
    const running = logs.run(signal);
    let acknowledged = 0;
    for (let round = 0; round < 100; round++) {
      await settled();
      const end = bytesOf(sent).length;
      expect(end - acknowledged).toBeLessThanOrEqual(256 * 1024);
      if (end === 2_000_000) break;
      expect(end).toBeGreaterThan(acknowledged);
      acknowledged = end;
      logs.acknowledged(acknowledged);
    }
    await running;
    expect(bytesOf(sent).equals(Buffer.concat(chunks))).toBe(true);
  });

  it("fits every piece into a message of the wire", async () => {
    const { logs, sent } = shipper([new Uint8Array(200_000)]);
    await logs.run(signal);
    expect(Math.max(...sent.map(({ data }) => data.length))).toBeLessThanOrEqual(131_072);
    expect(sent.map(({ offset }) => offset)).toEqual([0, 65_536, 131_072, 196_608]);
  });

  it("sends each write at once, and together what is written while four wait for their answer", async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => Buffer.from(`line ${i}\n`));
    const { logs, sent } = shipper(lines, undefined, [], false, 20_000);
    const running = logs.run(signal);
    await settled();
    const texts = sent.map(({ data }) => Buffer.from(data, "base64").toString());
    expect(texts.slice(0, 4)).toEqual(lines.slice(0, 4).map(String));
    // What cannot take in more waits for nothing.
    expect(texts.slice(4, 7).map((text) => text.length > 65_000)).toEqual([true, true, true]);
    for (let round = 0; bytesOf(sent).length < Buffer.concat(lines).length && round < 100; round++) {
      logs.acknowledged(bytesOf(sent).length);
      await settled();
    }
    await running;
    expect(bytesOf(sent).equals(Buffer.concat(lines))).toBe(true);
    expect(sent.length).toBeLessThan(20);
    expect(Math.max(...sent.map(({ data }) => Buffer.from(data, "base64").length))).toBeLessThanOrEqual(65_536);
  });

  it("sends outputs that take turns in order, 32 at once", async () => {
    const lines = Array.from({ length: 200 }, (_, i) => Buffer.from(`line ${i}\n`));
    const { logs, sent } = shipper(lines, undefined, [], false, 2);
    const running = logs.run(signal);
    await settled();
    expect(sent.length).toBe(32);
    logs.acknowledged(sent[9]?.offset ?? 0);
    await settled();
    expect(sent.length).toBe(32 + 9);
    for (let round = 0; sent.length < 200 && round < 20; round++) {
      logs.acknowledged(bytesOf(sent).length);
      await settled();
    }
    await running;
    expect(bytesOf(sent).equals(Buffer.concat(lines))).toBe(true);
    expect(new Set(sent.map(({ offset }) => offset)).size).toBe(200);
  });

  it("reads on after a read that failed, without losing or repeating a byte", async () => {
    const chunks = Array.from({ length: 8 }, (_, i) => Buffer.from(`line ${i}\n`));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(8), { maxLength: 9 }), async (fails) => {
        const { logs, sent, clock } = shipper(chunks, undefined, fails, true);
        const running = logs.run(signal);
        for (let i = 0; i < fails.length; i++) {
          await settled();
          await clock.advance(4_000);
        }
        await running;
        await logs.drained(signal);
        expect(bytesOf(sent).toString()).toBe(Buffer.concat(chunks).toString());
      }),
      { numRuns: 50 },
    );
  });

  it("gives up on a log that stays unreadable", async () => {
    const { logs, clock } = shipper([Buffer.from("aaa")], undefined, Array<number>(99).fill(0));
    const over = logs.run(signal).catch((error: unknown) => String(error));
    for (let i = 0; i < 20; i++) {
      await settled();
      await clock.advance(4_000);
    }
    expect(await over).toContain("EIO");
  });

  it("sends again only what is not stored", async () => {
    const { logs, sent } = shipper([Buffer.from("aaa"), Buffer.from("bbb"), Buffer.from("ccc")]);
    await logs.run(signal);
    logs.acknowledged(3);
    sent.length = 0;
    logs.resend();
    expect(sent.map(({ offset, stream }) => [offset, stream])).toEqual([
      [3, "stdout"],
      [6, "stderr"],
    ]);
  });

  it("sends again by itself what stays without an answer, and nothing once it is stored", async () => {
    const { logs, sent, clock } = shipper([Buffer.from("aaa"), Buffer.from("bbb")]);
    await logs.run(signal);
    logs.acknowledged(3);
    sent.length = 0;
    await clock.advance(4_000);
    expect(sent).toEqual([]);
    await clock.advance(7_000);
    expect(sent.map(({ offset }) => offset)).toEqual([3]);
    logs.acknowledged(6);
    sent.length = 0;
    await clock.advance(60_000);
    expect(sent).toEqual([]);
    expect(clock.pending).toEqual([]);
  });

  it("goes on from any acknowledgement after a restart, without a gap and without other bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 90 }), { minLength: 1, maxLength: 12 }),
        fc.nat(1_000),
        async (chunks, acknowledged) => {
          const whole = Buffer.concat(chunks);
          const first = shipper(chunks);
          await first.logs.run(signal);
          first.logs.acknowledged(Math.min(acknowledged, whole.length));
          const from = first.stored.at(-1) ?? { offset: 0, position: 0 };
          expect(from.offset).toBeLessThanOrEqual(acknowledged);
          const second = shipper(chunks, from, [], true);
          await second.logs.run(signal);
          await second.logs.drained(signal);
          expect(bytesOf(second.sent).equals(whole.subarray(from.offset))).toBe(true);
          expect(second.sent[0]?.offset ?? whole.length).toBe(from.offset);
        },
      ),
    );
  });

  it("is drained when the log has ended and all of it is stored", async () => {
    const { logs } = shipper([Buffer.from("abc")]);
    let drained = false;
    const waiting = logs.drained(signal).then(() => {
      drained = true;
    });
    await logs.run(signal);
    await settled();
    expect(drained).toBe(false);
    logs.acknowledged(3);
    await waiting;
    expect([drained, logs.bytes]).toEqual([true, 3]);
  });
});
