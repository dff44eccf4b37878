import type { Hex } from "@corepool/core/hex";
import { unitRegistryAbi as abi } from "@corepool/protocol/abi/unit-registry.gen";
import { closeData, digestOf, documentHash, usageReportData } from "@corepool/protocol/eip712";
import { accountOf, unitOf } from "@corepool/protocol/market/reads";
import { decodeAbiParameters, decodeFunctionResult, encodeFunctionData, recoverAddress } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { isRoot, type Job, type Mode, openWorld, type World } from "./test/world.ts";

const modes: readonly Mode[] = isRoot ? ["dedicated", "operator"] : ["operator"];

/** The log of an attempt as the coordinator put it together; bytes that came twice must be the same. */
function logOf(world: World, job: Job): string {
  let text = Buffer.alloc(0);
  for (const message of world.coordinator.heard) {
    if (message.type !== "log" || message.body.attempt !== job.attempt) continue;
    const bytes = Buffer.from(message.body.data, "base64");
    expect(message.body.offset).toBeLessThanOrEqual(text.length);
    expect(text.subarray(message.body.offset, message.body.offset + bytes.length)).toEqual(
      bytes.subarray(0, Math.max(0, text.length - message.body.offset)),
    );
    if (message.body.offset + bytes.length > text.length) {
      text = Buffer.concat([text.subarray(0, message.body.offset), bytes]);
    }
  }
  return text.toString("utf8");
}

const running = (world: World, job: Job) =>
  world.coordinator.wait("attempt", ({ attempt, state }) => attempt === job.attempt && state === "running");
const ended = (world: World, job: Job) => world.coordinator.wait("ended", ({ attempt }) => attempt === job.attempt);
const closing = (world: World, job: Job) => world.coordinator.wait("close", ({ lease }) => lease === job.lease);
const endsOf = (world: World, job: Job) =>
  world.coordinator.heard.filter(
    ({ type, body }) => type === "ended" && "report" in body && body.attempt === job.attempt,
  );

describe.each(modes)("an agent started by its %s user", (mode) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ mode });
    await world.start();
  }, 60_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error(await world.agentLog());
  });
  afterAll(() => world?.finish(), 60_000);

  it("offers the whole machine and its slices under the isolation that it has", () => {
    const units = new Set(world.offers().map(({ spec }) => spec.unit));
    expect([...units]).toEqual([0, 1, 2]);
    for (const { spec } of world.offers()) {
      expect(spec.isolation.user).toBe(mode);
      expect(spec.isolation.seccomp).toBe(true);
      if (mode === "operator") expect(spec.isolation.limits).toBe("rlimit");
    }
  });

  it("puts itself on record on chain by signatures that anyone relays, and then asks for nothing more", async () => {
    const registration = world.coordinator.heard.flatMap((m) => (m.type === "offers" ? [m.body.registration] : []))[0];
    const [calls] = decodeAbiParameters([{ type: "bytes[]" }], registration ?? "0x");
    for (const call of calls) await world.act(world.relayer, world.deployment.unitRegistry, call);
    for (const { spec } of world.offers()) {
      const data = encodeFunctionData({
        abi,
        functionName: "unitOf",
        args: [world.provider.address, BigInt(spec.unit)],
      });
      const there = decodeFunctionResult({
        abi,
        functionName: "unitOf",
        data: await world.reader.call(world.deployment.unitRegistry, data),
      });
      expect(there).toEqual({ machine: spec.machine, spec: documentHash(spec) });
    }
    const from = world.coordinator.heard.length;
    world.coordinator.hangUp();
    expect((await world.coordinator.wait("offers", undefined, from)).registration).toBeUndefined();
  });

  it("serves a job from its inputs to a lease settled on chain", async () => {
    const data = await world.coordinator.put(Buffer.from("3 4 5\n"));
    const tool = await world.coordinator.put(Buffer.from("#!/bin/sh\necho sum $(( $1 + $2 + $3 ))\n"));
    const job = await world.assign({
      command: [
        "sh",
        "-c",
        "echo started; ./tool $(cat in/data) | tee outputs/sum; mkdir outputs/d; echo x > outputs/d/x; sleep 2; echo over >&2; exit 3",
      ],
      inputs: [
        { path: "in/data", hash: data, sizeBytes: 6, executable: false },
        { path: "tool", hash: tool, sizeBytes: 39, executable: true },
      ],
    });
    await running(world, job);
    const stopPaying = job.keepPaying();
    expect(await job.probe()).toEqual({ right: true, frozen: false });
    const { report, signature, outputs, logBytes, detail } = await ended(world, job);
    await stopPaying();
    expect(logOf(world, job)).toBe("started\nsum 12\nover\n");
    expect(logBytes).toBe(20);
    expect([report.reason, report.exitCode, detail]).toEqual(["exited", 3, null]);
    expect(Number(report.endedAtMs) - Number(report.startedAtMs)).toBeGreaterThanOrEqual(2_000);
    expect(outputs.map(({ path }) => path)).toEqual(["d/x", "sum"]);
    expect(Buffer.from(await world.coordinator.get(outputs[1]?.hash ?? "sha256:")).toString()).toBe("sum 12\n");
    const hash = digestOf(usageReportData(world.domain, report));
    expect(await recoverAddress({ hash, signature: signature as Hex })).toBe(world.provider.address);

    await job.pay(3, { last: true });
    const close = await closing(world, job);
    expect(BigInt(close.total)).toBe(BigInt(job.terms.rate) * 3n);
    const closeHash = digestOf(closeData(world.domain, job.lease, BigInt(close.total)));
    expect(await recoverAddress({ hash: closeHash, signature: close.closeSignature as Hex })).toBe(
      world.provider.address,
    );
    const before = await accountOf(world.reader, world.domain.market, job.terms.token, world.provider.address);
    const total = await job.settle();
    const after = await accountOf(world.reader, world.domain.market, job.terms.token, world.provider.address);
    expect(after.cash - before.cash).toBe(total - (total * BigInt(job.terms.feeBps)) / 10_000n);
    expect(await unitOf(world.reader, world.domain.market, world.provider.address, 1n)).toEqual({
      state: "idle",
      seq: 1,
    });
    const states = world.coordinator.heard.flatMap((m) =>
      m.type === "attempt" && m.body.attempt === job.attempt ? [m.body.state] : [],
    );
    expect(states).toEqual(["preparing", "running", "collecting"]);
  }, 30_000);

  it("freezes a job whose notes stop, answers for it, thaws it when they resume", async () => {
    const job = await world.assign({
      command: ["sh", "-c", "i=0; while [ $i -lt 40 ]; do echo $i; i=$((i+1)); sleep 0.1; done"],
    });
    await running(world, job);
    await world.coordinator.wait("attempt", ({ attempt, state }) => attempt === job.attempt && state === "frozen");
    const said = logOf(world, job).length;
    expect(await job.probe()).toEqual({ right: true, frozen: true });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(logOf(world, job).length).toBeLessThanOrEqual(said + 8);
    const from = world.coordinator.heard.length;
    await job.pay(3);
    await world.coordinator.wait(
      "attempt",
      ({ attempt, state }) => attempt === job.attempt && state === "running",
      from,
    );
    await job.pay(4);
    const { report } = await ended(world, job);
    expect(report.reason).toBe("exited");
    expect(Number(report.frozenMs)).toBeGreaterThanOrEqual(700);
    await job.pay(4.2, { last: true });
    await job.settle();
  }, 40_000);

  it.each(["SIGKILL", "SIGTERM"] as const)(
    "finds its job again after it died of %s",
    async (signal) => {
      const job = await world.assign({
        command: ["sh", "-c", "echo kept > outputs/x; i=0; while true; do echo line $i; i=$((i+1)); sleep 0.1; done"],
      });
      await running(world, job);
      const stopPaying = job.keepPaying();
      await world.coordinator.wait("log", ({ attempt, offset }) => attempt === job.attempt && offset > 20);
      await world.kill(signal);
      const from = world.coordinator.heard.length;
      await world.start();
      await vi.waitFor(async () => expect((await job.probe()).right).toBe(true), 10_000);
      const known = logOf(world, job).length;
      await world.coordinator.wait(
        "log",
        ({ attempt, offset }) => attempt === job.attempt && offset > known + 20,
        from,
      );
      world.coordinator.say({ type: "stop", body: { attempt: job.attempt, reason: "stopped-by-client" } });
      const { report, outputs, logBytes } = await ended(world, job);
      await stopPaying();
      const lines = logOf(world, job).trimEnd().split("\n");
      expect(lines).toEqual(lines.map((_, i) => `line ${i}`));
      expect([report.reason, logBytes, outputs.length]).toEqual(["stopped-by-client", logOf(world, job).length, 1]);
      await job.payLast();
      await job.settle();
      expect(endsOf(world, job)).toHaveLength(1);
    },
    60_000,
  );

  it("reports a job that ended while the agent was dead", async () => {
    const job = await world.assign({ command: ["sh", "-c", "echo here; sleep 1; echo result > outputs/x; exit 5"] });
    await running(world, job);
    await world.kill("SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await world.start();
    const { report, outputs, logBytes } = await ended(world, job);
    expect([report.reason, report.exitCode, outputs.length, logBytes]).toEqual(["exited", 5, 1, 5]);
    expect(Number(report.endedAtMs) - Number(report.startedAtMs)).toBeLessThan(3_000);
    await job.payLast();
    await job.settle();
  }, 60_000);
});
