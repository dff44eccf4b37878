import { type WrongClock, wrongClock } from "@corepool/chain/testing/wrong-clock";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Job, openWorld, type World } from "./test/world.ts";

const running = (world: World, job: Job) =>
  world.coordinator.wait("attempt", ({ attempt, state }) => attempt === job.attempt && state === "running");
const ended = (world: World, job: Job) => world.coordinator.wait("ended", ({ attempt }) => attempt === job.attempt);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("an agent whose wall clock is wrong", () => {
  let world: World;
  let clock: WrongClock;
  beforeAll(async () => {
    clock = await wrongClock();
    await clock.set(-90);
    world = await openWorld({ mode: "operator", env: clock.env });
    await world.start();
  }, 60_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error(await world.agentLog());
  });
  afterAll(async () => {
    await world?.finish();
    await clock?.end();
  }, 60_000);

  const chainSeconds = async () => Number((await world.reader.head()).timestamp);

  it("has another time than its machine, or these tests would show nothing", async () => {
    const first = (await world.agentLog()).split("\n").find((line) => line.startsWith("{"));
    const { time } = JSON.parse(first ?? "{}") as { readonly time: number | string };
    expect(new Date(time).getTime()).toBeLessThan(Date.now() - 60_000);
    expect(new Date(time).getTime()).toBeGreaterThan(Date.now() - 150_000);
  });

  it("starts nothing under a lease that has ended by the chain's clock", async () => {
    const job = await world.assign({ command: ["sh", "-c", "echo served"], durationSeconds: 2 }, { say: false });
    await sleep((job.terms.end - (await chainSeconds())) * 1000 + 1_500);
    await world.endpoint.request("evm_mine", []);
    expect(await chainSeconds()).toBeGreaterThan(job.terms.end);
    world.coordinator.say(job.message);
    const { report, logBytes } = await ended(world, job);
    expect(["refused-by-agent", "deadline"]).toContain(report.reason);
    expect([report.startedAtMs === report.endedAtMs, logBytes]).toEqual([true, 0]);
    expect(await job.settle()).toBe(0n);
  }, 40_000);

  it("serves and is paid by the time that passes, however often and far its clock is set under a job", async () => {
    const job = await world.assign({
      command: ["sh", "-c", "i=0; while [ $i -lt 50 ]; do echo $i; i=$((i+1)); sleep 0.1; done"],
    });
    await running(world, job);
    const startedAt = performance.now();
    const stopPaying = job.keepPaying();
    // By the chain it can owe some seconds; a note over a minute is not one that the chain would pay.
    const from = world.coordinator.heard.length;
    await job.pay(60, { refused: true });
    const refusal = await world.coordinator.wait("problem", ({ code }) => code === "note-too-large", from);
    expect(refusal.code).toBe("note-too-large");
    for (const seconds of [90, -90, 7_200, -3_600]) {
      await clock.set(seconds);
      await sleep(1_000);
      expect(await job.probe()).toEqual({ right: true, frozen: false });
    }
    const { report, logBytes } = await ended(world, job);
    const lasted = performance.now() - startedAt;
    await stopPaying();
    expect([report.reason, report.exitCode, logBytes]).toEqual(["exited", 0, 140]);
    const served = Number(report.endedAtMs) - Number(report.startedAtMs) - Number(report.frozenMs);
    expect(served).toBeGreaterThan(4_500);
    expect(served).toBeLessThan(lasted + 1_000);
    await job.payLast();
    const total = await job.settle();
    const elapsed = (await chainSeconds()) - job.terms.start + job.terms.grace;
    expect(total).toBeGreaterThan(0n);
    expect(total).toBeLessThanOrEqual(BigInt(job.terms.rate) * BigInt(elapsed));
  }, 60_000);

  it("takes work again at once when its clock is put right after it was far behind", async () => {
    await clock.set(0);
    const job = await world.assign({ command: ["sh", "-c", "echo here"], durationSeconds: 60 });
    const { report } = await ended(world, job);
    expect([report.reason, report.exitCode]).toEqual(["exited", 0]);
    await job.payLast();
    await job.settle();
  }, 40_000);

  it("makes new offers at once when its clock is set beyond half of the time of those it has", async () => {
    const from = world.coordinator.heard.length;
    const now = await chainSeconds();
    await clock.set(7_200);
    const { offers } = await world.coordinator.wait("offers", () => true, from);
    for (const { offer } of offers) expect(offer.expiry).toBeGreaterThan(now + 7_200);
  }, 40_000);
});
