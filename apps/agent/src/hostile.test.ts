import type { Hex } from "@corepool/core/hex";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { nonce } from "./test/coordinator.ts";
import { isRoot, type Job, openWorld, type World } from "./test/world.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One agent against a coordinator, a client and a network that misbehave. Nothing of it may change a thing. */
describe("an agent among liars", () => {
  let world: World;
  let job: Job;
  let stopPaying: () => Promise<void>;

  beforeAll(async () => {
    world = await openWorld({ mode: isRoot ? "dedicated" : "operator", hold: 2 });
    await world.start();
    job = await world.assign({ command: ["sh", "-c", "echo one > outputs/x; while true; do sleep 0.1; done"] });
    await world.coordinator.wait("attempt", ({ attempt, state }) => attempt === job.attempt && state === "running");
    stopPaying = job.keepPaying();
  }, 60_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error(await world.agentLog());
  });
  afterAll(async () => {
    await stopPaying?.();
    await world?.finish();
  }, 60_000);

  /** The code with which the agent refuses message `of`. */
  const refusal = async (of: string | null, from: number) =>
    (await world.coordinator.wait("problem", (body) => body.of === of, from)).code;
  const statesOf = (attempt: string) =>
    world.coordinator.heard.flatMap((m) => (m.type === "attempt" && m.body.attempt === attempt ? [m.body.state] : []));

  it.each([
    ["no JSON", "{", null],
    ["no envelope", JSON.stringify({ type: "ack", body: { of: "x" } }), null],
    ["another version", JSON.stringify({ v: 2, id: "m", type: "ack", body: { of: "x" } }), null],
    ["an unknown type", JSON.stringify({ v: 1, id: "m1", type: "format-disk", body: {} }), "m1"],
    [
      "a body that does not fit",
      JSON.stringify({ v: 1, id: "m2", type: "stop", body: { attempt: "../x", reason: "machine-lost" } }),
      "m2",
    ],
    [
      "a second challenge",
      JSON.stringify({
        v: 1,
        id: "m3",
        type: "challenge",
        body: { nonce: `0x${"00".repeat(32)}`, chainId: 1, market: `0x${"00".repeat(20)}` },
      }),
      "m3",
    ],
  ])("refuses a message with %s and stays connected", async (_, text, of) => {
    const from = world.coordinator.heard.length;
    world.coordinator.raw(text);
    expect(await refusal(of, from)).toBe("bad-request");
    expect(await job.probe()).toEqual({ right: true, frozen: false });
  });

  it("takes a repeated assignment as no change", async () => {
    const from = world.coordinator.heard.length;
    const id = world.coordinator.say(job.message);
    await world.coordinator.wait("ack", ({ of }) => of === id, from);
    expect(statesOf(job.attempt)).toEqual(["preparing", "running"]);
  });

  it.each(["../x", "/etc/passwd", "a/../../b", "a//b", "a\\b", "a\nb", "", "."])(
    "refuses an input at %j",
    async (path) => {
      const from = world.coordinator.heard.length;
      const { body } = job.message;
      const input = { path, hash: `sha256:${"0".repeat(64)}` as const, sizeBytes: 1, executable: false };
      const attempt = "att_0000000000escape";
      const id = world.coordinator.say({
        type: "assign",
        body: { ...body, attempt, spec: { ...body.spec, inputs: [input] } },
      });
      expect(await refusal(id, from)).toBe("bad-request");
    },
  );

  it.each([
    ["whose terms the chain does not have", { rate: "999999999999999999999" }, undefined],
    ["of another provider", { provider: `0x${"12".repeat(20)}` as Hex }, undefined],
    ["of a unit that is not here", { unit: "77" }, undefined],
    ["with another id than its terms", {}, nonce()],
  ])(
    "refuses a lease %s",
    async (_, change, lease) => {
      const from = world.coordinator.heard.length;
      const { body } = job.message;
      const attempt = `att_0000000000${from}forged`;
      const id = world.coordinator.say({
        type: "assign",
        body: { ...body, attempt, lease: lease ?? body.lease, terms: { ...body.terms, ...change } },
      });
      expect(await refusal(id, from)).toBe("agent-refused");
      expect(statesOf(attempt)).toEqual([]);
    },
    20_000,
  );

  it("refuses a unit that overlaps with one that is leased, and gives the client everything back", async () => {
    const whole = await world.assign({ command: ["true"] }, { unit: 0 });
    const { report, detail } = await world.coordinator.wait("ended", ({ attempt }) => attempt === whole.attempt);
    expect([report.reason, report.startedAtMs === report.endedAtMs]).toEqual(["refused-by-agent", true]);
    expect(detail).toContain(job.lease);
    const close = await world.coordinator.wait("close", ({ lease }) => lease === whole.lease);
    expect([close.total, close.noteSignature]).toEqual(["0", null]);
  });

  it.each([
    ["another command", { command: ["sh", "-c", "mine coins"] }],
    ["another environment", { env: { POOL: "the coordinator's own" } }],
    ["a longer run", { durationSeconds: 121 }],
  ])("serves nothing but what the lease's key signed for: not %s", async (_, instead) => {
    const swapped = await world.assign({ command: ["true"] }, { unit: 2, instead });
    const { report, detail } = await world.coordinator.wait("ended", ({ attempt }) => attempt === swapped.attempt);
    expect([report.reason, report.startedAtMs === report.endedAtMs]).toEqual(["refused-by-agent", true]);
    expect(detail).toContain("has not signed for this workload");
    expect(statesOf(swapped.attempt)).toEqual([]);
    expect(await swapped.settle()).toBe(0n);
  });

  it("agrees to close a lease under which it serves nothing, and none that it serves", async () => {
    const from = world.coordinator.heard.length;
    const stray = await world.assign({ command: ["true"] }, { unit: 2, say: false });
    for (const { lease, terms } of [job, stray]) {
      const id = world.coordinator.say({ type: "release", body: { lease, terms } });
      await world.coordinator.wait("ack", ({ of }) => of === id, from);
    }
    const foreign = { lease: stray.lease, terms: { ...stray.terms, provider: `0x${"12".repeat(20)}` as Hex } };
    expect(await refusal(world.coordinator.say({ type: "release", body: foreign }), from)).toBe("agent-refused");
    const closes = world.coordinator.heard.slice(from).filter((m) => m.type === "close");
    expect(closes.map(({ body }) => [body.lease, body.total])).toEqual([[stray.lease, "0"]]);
    expect(await stray.settle()).toBe(0n);
    expect(await job.probe()).toEqual({ right: true, frozen: false });
  });

  it("serves nothing under a lease that it has agreed to close, also after a restart, and gives everything back", async () => {
    const from = world.coordinator.heard.length;
    const held = await world.assign({ command: ["sh", "-c", "echo served > outputs/x"] }, { unit: 2, say: false });
    // At once, so that the two meet while both are being checked.
    world.coordinator.say({ type: "release", body: { lease: held.lease, terms: held.terms } });
    world.coordinator.say(held.message);
    const { report, detail } = await world.coordinator.wait("ended", ({ attempt }) => attempt === held.attempt);
    expect([report.reason, report.startedAtMs === report.endedAtMs]).toEqual(["refused-by-agent", true]);
    expect(detail).toContain("agreed to close this lease unserved");
    await world.kill("SIGKILL");
    await world.start();
    const again = { ...held.message, body: { ...held.message.body, attempt: `${held.attempt}0` } };
    world.coordinator.say(again);
    const second = await world.coordinator.wait("ended", ({ attempt }) => attempt === again.body.attempt);
    expect(second.report.reason).toBe("refused-by-agent");
    expect(statesOf(held.attempt)).toEqual([]);
    const closes = world.coordinator.heard.slice(from).flatMap((m) => (m.type === "close" ? [m.body] : []));
    expect(closes.filter(({ lease }) => lease === held.lease).every(({ total }) => total === "0")).toBe(true);
    expect(await held.settle()).toBe(0n);
  }, 60_000);

  it("ends what stays unpaid beyond the hold that it promised, and keeps its outputs", async () => {
    const unpaid = await world.assign({ command: ["sh", "-c", "echo half > outputs/x; sleep 600"] }, { unit: 2 });
    const { report, outputs } = await world.coordinator.wait("ended", ({ attempt }) => attempt === unpaid.attempt);
    expect([report.reason, outputs.length]).toEqual(["payment-stopped", 1]);
    expect(statesOf(unpaid.attempt)).toEqual(["preparing", "running", "frozen", "collecting"]);
    // Two seconds of grace, then two of the hold.
    expect(Number(report.frozenMs)).toBeGreaterThanOrEqual(2_000);
    expect(await unpaid.settle()).toBe(0n);
  }, 30_000);

  it("gives everything back when an input cannot be had", async () => {
    const inputs = [{ path: "x", hash: `sha256:${"1".repeat(64)}` as const, sizeBytes: 5, executable: false }];
    const starved = await world.assign({ command: ["true"], inputs }, { unit: 2 });
    const { report, detail } = await world.coordinator.wait("ended", ({ attempt }) => attempt === starved.attempt);
    expect([report.reason, report.startedAtMs === report.endedAtMs]).toEqual(["input-unavailable", true]);
    expect(detail).toContain("The input x");
    expect(await starved.settle()).toBe(0n);
  }, 30_000);

  it("takes the new times of a lease that a re-org opened again, and is paid by them", async () => {
    const before = await world.assign({ command: ["sleep", "4"] }, { unit: 2 });
    await world.coordinator.wait("attempt", ({ attempt, state }) => attempt === before.attempt && state === "running");
    const after = await before.reopen();
    expect([after.lease, after.terms.start > before.terms.start]).toEqual([before.lease, true]);
    const stop = after.keepPaying();
    const { report } = await world.coordinator.wait("ended", ({ attempt }) => attempt === before.attempt);
    await stop();
    expect(report.reason).toBe("exited");
    expect(statesOf(before.attempt).filter((state) => state === "running")).toHaveLength(1);
    await after.payLast();
    expect(await after.settle()).toBeGreaterThan(0n);
  }, 30_000);

  it("delivers the end of a job that ended while the coordinator was away", async () => {
    const lone = await world.assign({ command: ["sh", "-c", "sleep 1; echo result > outputs/x"] }, { unit: 2 });
    await world.coordinator.wait("attempt", ({ attempt, state }) => attempt === lone.attempt && state === "running");
    const light = world.coordinator.goDark();
    await sleep(1_500);
    light();
    const { report, outputs } = await world.coordinator.wait("ended", ({ attempt }) => attempt === lone.attempt);
    expect([report.reason, report.exitCode, outputs.length]).toEqual(["exited", 0, 1]);
    await lone.pay(1, { last: true });
    expect(await lone.settle()).toBeGreaterThan(0n);
  }, 30_000);

  it("refuses work that does not fit its unit", async () => {
    const large = await world.assign(
      { command: ["true"], resources: { cpus: 1, memoryBytes: 2 ** 45, diskBytes: 2 ** 20, gpus: { count: 0 } } },
      { unit: 2 },
    );
    const { report, detail } = await world.coordinator.wait("ended", ({ attempt }) => attempt === large.attempt);
    expect(report.reason).toBe("refused-by-agent");
    expect(detail).toContain("memory");
  });

  it("refuses notes that go down, overpay, are another lease's or another key's, and keeps the best", async () => {
    await stopPaying();
    const best = job.paid();
    const cases = [
      [await job.pay(best - 0.5, { refused: true }), "note-too-small"],
      [await job.pay(best + 60, { refused: true }), "note-too-large"],
      [await job.pay(1e12, { refused: true }), "note-too-large"],
      [await job.pay(best + 0.1, { key: nonce(), refused: true }), "bad-signature"],
      [await job.pay(best + 0.1, { signedFor: nonce(), refused: true }), "bad-signature"],
      [await job.pay(best, { last: true, overSignedBy: nonce() }), "bad-signature"],
    ] as const;
    for (const [id, code] of cases) expect(await refusal(id, 0), id).toBe(code);
    stopPaying = job.keepPaying();
  });

  it("answers no probe for a lease that it does not serve", async () => {
    const request = "unknown-lease";
    world.coordinator.say({ type: "probe", body: { request, lease: nonce(), nonce: nonce() } });
    const { answer } = await world.coordinator.wait("probe-answer", (body) => body.request === request);
    expect(answer).toBeNull();
  });

  it("does not believe that a lease is closed while the chain has it open", async () => {
    const from = world.coordinator.heard.length;
    world.coordinator.say({ type: "closed", body: { attempt: job.attempt, lease: job.lease, paid: "0" } });
    await sleep(1_500);
    const { attempts } = await world.coordinator.wait("heartbeat", undefined, from);
    expect(attempts).toContainEqual({ attempt: job.attempt, state: "running" });
  });

  it("sends again what was not acknowledged, under the same id, after the line broke", async () => {
    world.coordinator.silent.add("ended");
    await stopPaying();
    world.coordinator.say({ type: "stop", body: { attempt: job.attempt, reason: "stopped-by-client" } });
    await world.coordinator.wait("ended", ({ attempt }) => attempt === job.attempt);
    const from = world.coordinator.heard.length;
    world.coordinator.hangUp();
    await world.coordinator.wait("ended", ({ attempt }) => attempt === job.attempt, from);
    const sent = world.coordinator.heard.filter((m) => m.type === "ended" && m.body.attempt === job.attempt);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
    expect(new Set(sent.map(({ connection }) => connection)).size).toBe(2);
    world.coordinator.silent.delete("ended");
    world.coordinator.say({ type: "ack", body: { of: sent[0]?.id ?? "" } });
    const close = await world.coordinator.wait("close", ({ lease }) => lease === job.lease);
    expect(Number((BigInt(close.total) * 1000n) / BigInt(job.terms.rate))).toBeGreaterThanOrEqual(
      Math.floor(job.paid() * 1000) - 1,
    );
  }, 30_000);
});
