import { paymentNoteData } from "@corepool/protocol/eip712";
import { requestCloseCalldata, settleCalldata } from "@corepool/protocol/market/calldata";
import { accountOf, unitOf } from "@corepool/protocol/market/reads";
import { numberToHex, parseEther } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isRoot, type Job, openWorld, type World } from "./test/world.ts";

/** One agent whose coordinator keeps what the provider is owed from the chain. */
describe("a provider whose coordinator withholds the close", () => {
  let world: World;

  beforeAll(async () => {
    world = await openWorld({ mode: isRoot ? "dedicated" : "operator", closePatience: 1 });
    await world.start();
  }, 60_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error(await world.agentLog());
  });
  afterAll(async () => world?.finish(), 60_000);

  const cash = async () =>
    (await accountOf(world.reader, world.domain.market, world.deployment.gpToken, world.provider.address)).cash;
  const slot = (job: Job) => unitOf(world.reader, world.domain.market, world.provider.address, BigInt(job.terms.unit));
  const sent = async () =>
    Number(await world.endpoint.request("eth_getTransactionCount", [world.provider.address, "latest"]));
  const setGasMoney = (wei: bigint) =>
    world.endpoint.request("anvil_setBalance", [world.provider.address, numberToHex(wei)]);
  const running = (job: Job) =>
    world.coordinator.wait("attempt", ({ attempt, state }) => attempt === job.attempt && state === "running");
  const total = (job: Job, seconds: bigint) => BigInt(job.terms.rate) * seconds;
  const afterFee = (job: Job, amount: bigint) => amount - (amount * BigInt(job.terms.feeBps)) / 10_000n;
  const over = (job: Job) =>
    expect.poll(() => slot(job), { timeout: 20_000, interval: 200 }).toEqual({ state: "idle", seq: job.terms.seq + 1 });

  it("keeps his best note against an old one and a lie, says what he lacks, and is paid by his own transaction", async () => {
    await setGasMoney(0n);
    const job = await world.assign({ command: ["sleep", "2"] });
    await running(job);
    await job.pay(1);
    await world.coordinator.wait("ended", ({ attempt }) => attempt === job.attempt);
    await job.pay(3, { last: true });
    const close = await world.coordinator.wait("close", ({ lease }) => lease === job.lease);
    expect(close.total).toBe(String(total(job, 3n)));

    // The old note changes the terms on chain.
    const old = total(job, 1n);
    const leaseKey = { key: job.leaseKey, address: job.terms.key };
    const noteSig = await world.sign(leaseKey, paymentNoteData(world.domain, job.lease, old));
    const settled = settleCalldata({ terms: job.terms, total: old, noteSig, closeSig: "0x" });
    await world.act(world.relayer, world.domain.market, settled);
    expect(await cash()).toBe(afterFee(job, old));
    world.coordinator.say({ type: "closed", body: { attempt: job.attempt, lease: job.lease, paid: String(old) } });

    await expect
      .poll(() => world.agentLog(), { timeout: 15_000, interval: 200 })
      .toMatch(new RegExp(`Send at least \\d+ wei .* to ${world.provider.address}.*lease.close-needs-gas-money`));
    expect(await sent()).toBe(0);
    await setGasMoney(parseEther("1"));
    await over(job);
    expect([await cash(), await sent()]).toEqual([afterFee(job, total(job, 3n)), 1]);

    const gone = world.coordinator.heard.length;
    await world.coordinator.wait("heartbeat", ({ attempts }) => attempts.length === 0, gone);
  }, 60_000);

  it("is paid while the coordinator cannot be reached at all", async () => {
    const before = await cash();
    const job = await world.assign({ command: ["sleep", "1"] });
    await running(job);
    const note = await job.pay(1);
    await world.coordinator.wait("ack", ({ of }) => of === note);
    const light = world.coordinator.goDark();
    await over(job);
    expect([(await cash()) - before, await sent()]).toEqual([afterFee(job, total(job, 1n)), 2]);
    // The report is not lost by it.
    light();
    await world.coordinator.wait("ended", ({ attempt }) => attempt === job.attempt);
  }, 60_000);

  it("sees a close that the client requested on chain while the job runs, ends it, and is paid within the window", async () => {
    const before = await cash();
    const job = await world.assign({ command: ["sleep", "600"] });
    await running(job);
    const note = await job.pay(1);
    await world.coordinator.wait("ack", ({ of }) => of === note);
    await world.act(world.client, world.domain.market, requestCloseCalldata(job.terms));
    const { report } = await world.coordinator.wait("ended", ({ attempt }) => attempt === job.attempt);
    expect(report.reason).toBe("stopped-by-client");
    // The coordinator says nothing and settles nothing; the window is half an hour.
    await over(job);
    expect((await cash()) - before).toBe(afterFee(job, total(job, 1n)));
  }, 60_000);

  it("is paid within the window though the coordinator takes no output of the job", async () => {
    const before = await cash();
    const job = await world.assign({ command: ["sh", "-c", "echo x > outputs/x; sleep 600"] });
    await running(job);
    const note = await job.pay(1);
    await world.coordinator.wait("ack", ({ of }) => of === note);
    const light = world.coordinator.goDark();
    await world.act(world.client, world.domain.market, requestCloseCalldata(job.terms));
    await expect.poll(() => world.agentLog(), { timeout: 20_000, interval: 200 }).toContain("lease.close-requested");
    await world.endpoint.request("evm_increaseTime", [1_000]);
    await world.endpoint.request("evm_mine", []);
    await over(job);
    expect((await cash()) - before).toBe(afterFee(job, total(job, 1n)));
    light();
    const { outputs } = await world.coordinator.wait("ended", ({ attempt }) => attempt === job.attempt);
    expect(outputs).toHaveLength(1);
  }, 90_000);
});
