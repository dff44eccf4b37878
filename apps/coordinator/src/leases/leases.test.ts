import type { Hex } from "@corepool/core/hex";
import { withdrawCalldata } from "@corepool/protocol/market/calldata";
import { accountOf } from "@corepool/protocol/market/reads";
import type { WorkloadView } from "@corepool/protocol/resources";
import {
  cancelWorkload,
  getReceipt,
  listOutputs,
  probeLease,
  replaceWorkload,
  streamLogs,
} from "@corepool/protocol/routes/workloads";
import { call } from "@corepool/sdk/call";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../platform/adapters/system-clock.ts";
import type { TestAgent } from "../testing/agent.ts";
import { RATE, TestClient } from "../testing/client.ts";
import { type TestMarket, testMarket, until } from "../testing/market.ts";
import { readEvents } from "../testing/streams.ts";

/** More than a round of the upkeep. */
const REFUSED_MS = 3_000;

let market: TestMarket;
let client: TestClient;
let agent: TestAgent;

beforeAll(async () => {
  market = await testMarket();
  client = new TestClient(market);
  agent = await client.agent(4);
});
afterAll(async () => {
  await agent.cut();
  await market.endAll();
});

const ledger = async (account: Hex) =>
  (await accountOf(market.reader, market.domain.market, market.deployment.gpToken, account)).cash;
const cancel = (id: string) => call(market.api, cancelWorkload, { params: { id } });

async function reconnect(): Promise<void> {
  await until(async () => {
    await agent.connect(market.url).catch(() => undefined);
    return agent.closed === undefined ? true : undefined;
  });
}

describe("payment notes", () => {
  it("only grow, never pass what the lease can owe, and must be the lease key's", async () => {
    const leased = await client.leased(agent);
    const { assign, key } = leased;
    await client.pay(assign.lease, key, 1_000n);
    await expect(client.pay(assign.lease, key, 999n)).rejects.toMatchObject({ code: "note-too-small" });
    await expect(client.pay(assign.lease, key, RATE * 61n)).rejects.toMatchObject({ code: "note-too-large" });
    await expect(client.pay(assign.lease, key, RATE * 30n)).rejects.toMatchObject({ code: "note-too-large" });
    const other = await client.leased(agent);
    await expect(client.pay(assign.lease, other.key, 1_001n)).rejects.toMatchObject({ code: "bad-signature" });
    await expect(client.pay(`0x${"00".repeat(32)}`, key, 1n)).rejects.toMatchObject({ code: "not-found" });
    await client.pay(assign.lease, key, 1_000n);
    expect((await client.read(leased.id)).lease?.noteTotal).toBe("1000");
    await client.finish(agent, other, 0n);
    await client.finish(agent, leased, RATE);
    await expect(client.pay(assign.lease, key, RATE)).rejects.toMatchObject({ code: "lease-not-open" });
  });

  it("cannot be probed through a machine that is away", async () => {
    const leased = await client.leased(agent);
    await agent.cut();
    const probe = call({ ...market.api, patienceMs: 0 }, probeLease, {
      params: { id: leased.assign.lease },
      body: { nonce: `0x${"11".repeat(32)}` },
    });
    await expect(probe).rejects.toMatchObject({ code: "machine-unreachable" });
    await reconnect();
    await client.finish(agent, leased, 0n);
  });
});

describe("an agent's report", () => {
  it("is taken only when it is the provider's, about this attempt, with outputs that are there", async () => {
    const leased = await client.leased(agent);
    const { assign } = leased;
    await agent.run(assign);
    const missing = [{ path: "model", hash: `sha256:${"ab".repeat(32)}` as const, sizeBytes: 3 }];
    await expect(agent.end(assign, {}, missing)).rejects.toThrow();
    await expect(agent.end(assign, { attempt: `att_${"0".repeat(26)}` })).rejects.toThrow("bad-request");
    const signed = await agent.report(assign);
    const forged = { ...signed.report, exitCode: 1 };
    const ended = { attempt: assign.attempt, signature: signed.signature, outputs: [], logBytes: 0, detail: null };
    await expect(agent.say({ type: "ended", body: { ...ended, report: forged } })).rejects.toThrow("bad-signature");
    await expect(agent.close(assign.lease, RATE, null)).rejects.toThrow("bad-signature");
    expect((await client.read(leased.id)).state).toBe("running");
    await agent.end(assign, { exitCode: 3 });
    await agent.close(assign.lease, 0n, null);
    const failed = await client.state(leased.id, "failed");
    expect(failed.attempts[0]).toMatchObject({ exitCode: 3, reason: "exited" });
    expect((await call(market.api, listOutputs, { params: { id: leased.id } })).data).toEqual([]);
  });

  it("carries its log byte for byte, whatever is repeated or comes too early", async () => {
    const leased = await client.leased(agent);
    const { attempt } = leased.assign;
    const log = async (offset: number, text: string, stream: "stdout" | "stderr" = "stdout") => {
      const from = agent.received.length;
      agent.send({ type: "log", body: { attempt, stream, offset, data: Buffer.from(text).toString("base64") } });
      return (await agent.waitFor("log-ack", () => true, from)).body.offset;
    };
    expect(await log(0, "hello ")).toBe(6);
    expect(await log(10, "too early")).toBe(6);
    expect(await log(0, "hello ")).toBe(6);
    expect(await log(3, "lo wör")).toBe(10);
    expect(await log(10, "ld\n", "stderr")).toBe(13);
    const path = streamLogs.path.replace("{id}", leased.id);
    const text = async (query: Record<string, string>, last?: string) => {
      const events = await readEvents(market, path, query, 100, last);
      const parts = events.filter((e) => e.event === "log").map((e) => JSON.parse(e.data) as { data: string });
      return Buffer.concat(parts.map(({ data }) => Buffer.from(data, "base64"))).toString("utf8");
    };
    expect(await text({})).toBe("hello wörld\n");
    expect(await text({ offset: "6" })).toBe("wörld\n");
    expect(await text({}, "10")).toBe("ld\n");
    const followed = text({ follow: "true" });
    await client.finish(agent, leased, RATE);
    expect(await followed).toBe("hello wörld\n");
  });
});

describe("the relay", () => {
  it("opens what it can of a batch: one bad item holds nobody up", async () => {
    const before = await ledger(market.client.address);
    await market.stop();
    await market.start("api");
    await reconnect();
    const workloads: WorkloadView[] = [];
    for (let i = 0; i < 3; i++) workloads.push(await client.submit());
    for (const workload of workloads) await client.accept(workload);
    const { gpToken, leaseMarket } = market.deployment;
    // Cash for two of three leaves nothing for the last.
    await market.act(
      market.client,
      leaseMarket,
      withdrawCalldata(gpToken, market.client.address, before - RATE * 120n),
    );
    await market.stop();
    await market.start();
    await reconnect();
    const states = await until(async () => {
      const now = await Promise.all(workloads.map(({ id }) => client.read(id)));
      return now.every(({ state }) => state !== "ordered") ? now : undefined;
    });
    expect(states.map(({ state }) => state).sort()).toEqual(["leased", "leased", "pending"]);
    const bad = states.find(({ state }) => state === "pending");
    expect(bad?.detail).toContain("InsufficientCash");
    // Its agent may have come back only after the batch went out; its client then asks for another place.
    if (bad?.placed === null) await call(market.api, replaceWorkload, { params: { id: bad.id } });
    expect((await client.read(bad?.id ?? "")).placed).not.toBeNull();
    const opened = states.filter(({ state }) => state === "leased");
    expect(new Set(opened.map(({ lease }) => lease?.openTx)).size).toBe(1);
    for (const { id } of opened) {
      const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === id);
      await agent.end(assign, { reason: "stopped-by-client" });
      await agent.close(assign.lease, 0n, null);
      await client.state(id, "cancelled");
    }
    await cancel(bad?.id ?? "");
  });
});

describe("after a restart or a re-org", () => {
  it("a workload goes on: its agent has its assignment again, and what is agreed is settled once", async () => {
    agent.acknowledges = false;
    const leased = await client.leased(agent);
    await market.stop();
    await until(() => agent.closed);
    agent.acknowledges = true;
    await market.start();
    const from = agent.received.length;
    await reconnect();
    const again = await agent.waitFor("assign", (m) => m.body.attempt === leased.assign.attempt, from);
    expect(again.body).toEqual(leased.assign);
    await client.finish(agent, leased, RATE);
    const receipt = await call(market.api, getReceipt, { params: { id: leased.id } });
    expect(receipt.total).toBe(String(RATE));
  });

  it("a lease that the chain forgot is opened again, and its agent gets the new terms", async () => {
    const snapshot = await market.node("evm_snapshot");
    const leased = await client.leased(agent);
    await agent.run(leased.assign);
    const from = agent.received.length;
    await market.node("evm_revert", snapshot);
    await market.node("evm_increaseTime", 3);
    const again = await agent.waitFor("assign", (m) => m.body.attempt === leased.assign.attempt, from);
    expect(again.body.terms.start).toBeGreaterThan(leased.assign.terms.start);
    expect({ ...again.body.terms, start: 0, end: 0, maxEnd: 0 }).toEqual({
      ...leased.assign.terms,
      start: 0,
      end: 0,
      maxEnd: 0,
    });
    const now = await client.read(leased.id);
    expect(now.state).toBe("running");
    expect(now.lease).toMatchObject({ state: "open", terms: { start: again.body.terms.start } });
    await agent.end(leased.assign);
    const note = await client.pay(leased.assign.lease, leased.key, RATE, true);
    await agent.close(leased.assign.lease, RATE, note);
    await client.state(leased.id, "succeeded");
  });

  it("a closing that the chain forgot is settled again, once", async () => {
    const leased = await client.leased(agent);
    const before = await ledger(market.provider.address);
    const snapshot = await market.node("evm_snapshot");
    await client.finish(agent, leased, RATE);
    await market.node("evm_revert", snapshot);
    await until(async () => ((await client.read(leased.id)).lease?.state === "closed" ? undefined : true));
    await until(async () => ((await client.read(leased.id)).lease?.state === "closed" ? true : undefined));
    expect((await ledger(market.provider.address)) - before).toBe((RATE * 95n) / 100n);
    expect((await client.read(leased.id)).state).toBe("succeeded");
  });
});

describe("a machine that never comes back", () => {
  it("is paid by the last note, though the chain refused it once, and the client gets the rest without doing anything", async () => {
    const leased = await client.leased(agent);
    await agent.run(leased.assign);
    await client.pay(leased.assign.lease, leased.key, RATE);
    const [client0, provider0] = [await ledger(market.client.address), await ledger(market.provider.address)];
    await agent.cut();
    // The chain's clock is behind: there the provider's window still runs, in which nobody else may pay.
    await market.node("evm_increaseTime", 65);
    await market.node("evm_mine");
    market.advance((60 + 1_800 + 30) * 1_000);
    await systemClock.sleep(REFUSED_MS);
    expect(await ledger(market.provider.address)).toBe(provider0);
    await market.node("evm_increaseTime", 1_800);
    await market.node("evm_mine");
    market.advance(61_000);
    const lost = await client.state(leased.id, "failed");
    expect(lost.reason).toBe("machine-lost");
    expect((await ledger(market.client.address)) - client0).toBe(RATE * 59n);
    expect((await ledger(market.provider.address)) - provider0).toBe((RATE * 95n) / 100n);
  });
});
