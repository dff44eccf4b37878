import type { Hex } from "@corepool/core/hex";
import { documentHash, offerData } from "@corepool/protocol/eip712";
import type { Market, WorkloadView } from "@corepool/protocol/resources";
import { constraints, type JobSpec, jobSpec, type OfferMessage, type UnitSpec } from "@corepool/protocol/spec";
import { zeroAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { describe, expect, it } from "vitest";
import { keySigner } from "./adapters/key.ts";
import { keptJob, keptJobOf, orderedOf } from "./kept-job.ts";
import { attendWorkload, type Ordered, orderWorkload, type RunEvent } from "./run.ts";
import { problem, scriptedClient } from "./test/scripted.ts";
import type { WatchProgress } from "./watch.ts";

const CHAIN_ID = 31_337;
const leaseMarket: Hex = `0x${"77".repeat(20)}`;
const token: Hex = `0x${"44".repeat(20)}`;
const provider = privateKeyToAccount(`0x${"22".repeat(32)}`);
const signer = keySigner(`0x${"33".repeat(32)}`);
const NOW_S = 1_790_000_000;
const PAID = { provenMs: 1_234, total: 10n ** 20n };

const unit: UnitSpec = {
  version: 1,
  machine: `0x${"aa".repeat(32)}`,
  unit: 1,
  resources: { cpus: 2, memoryBytes: 2 ** 32, diskBytes: 2 ** 32, gpus: [] },
  devices: ["cpu:0"],
  isolation: {
    runtime: "bubblewrap",
    runtimeVersion: "0.12.0",
    user: "dedicated",
    limits: "cgroup-v2",
    workspace: "ext4-loop",
    seccomp: true,
    network: "none",
    weaknesses: [],
  },
  platform: { os: "linux", arch: "x64", kernel: "6", cpuModel: "any" },
  software: [],
  intervalSeconds: 5,
  holdSeconds: 60,
  pool: "open",
};

const mine = {
  spec: jobSpec.parse({ kind: "job", command: ["true"], resources: {}, durationSeconds: 60 }),
  constraints: constraints.parse({ token, maxRate: "100", maxEscrow: "6000" }),
};

interface Told {
  readonly spec?: Partial<JobSpec>;
  readonly constraints?: Record<string, unknown>;
}

/** `mine` as a coordinator tells it back, placed on an offer at `rate`. */
async function viewOf(told: Told, rate: bigint): Promise<WorkloadView> {
  const offer: OfferMessage = {
    provider: provider.address,
    payTo: provider.address,
    token,
    unit: "1",
    spec: documentHash(unit),
    rate: String(rate),
    minSeconds: 1,
    maxSeconds: 100_000,
    grace: 10,
    notBefore: 0,
    expiry: NOW_S + 3_600,
    counter: 1,
    client: zeroAddress,
  };
  const data = offerData({ chainId: CHAIN_ID, market: leaseMarket }, offer);
  const signature = await provider.signTypedData(data as Parameters<typeof provider.signTypedData>[0]);
  const signed = { spec: unit, offer, signature, proof: [] };
  return {
    id: "wkl_0123456789",
    account: signer.address,
    state: "pending",
    reason: null,
    detail: null,
    spec: { ...mine.spec, ...told.spec },
    constraints: { ...mine.constraints, ...told.constraints },
    placed: {
      offerId: "ofr_0123456789",
      offer,
      signed,
      escrow: "1",
      leaseSeq: 0,
      providerPublicKey: provider.publicKey,
      refusals: [],
    },
    lease: null,
    attempts: [],
    outputs: [],
    createdAt: "2026-09-21T00:00:00.000Z",
    endedAt: null,
  };
}

const market = { chainId: CHAIN_ID, contracts: { leaseMarket } } as unknown as Market;
const account = (): Response => {
  const cash = { token, symbol: "GP", decimals: 18, cash: String(10n ** 30n), escrowed: "0", wallet: "0" };
  return Response.json({ address: signer.address, balances: [cash], counter: 1, nextNonce: 1 });
};

/** Orders `mine` from a coordinator that tells the workload back as `told`, with an offer at `rate`. */
async function orderFrom(told: Told, rate: bigint) {
  const view = await viewOf(told, rate);
  const { client, sent } = scriptedClient(({ url }) => (url.endsWith("/v1/account") ? account() : Response.json(view)));
  const outcome = await orderWorkload({ client, market, signer }, { ...mine, uploads: [] }).then(
    () => "ordered",
    (error: unknown) => (error as { readonly code?: string }).code,
  );
  const orders = sent
    .filter(({ url }) => url.endsWith("/order"))
    .map(({ body }) => (JSON.parse(String(body)) as { readonly order: Record<string, unknown> }).order);
  return { outcome, orders };
}

describe("an order", () => {
  it("is signed for an offer within the client's own limits", async () => {
    const { outcome, orders } = await orderFrom({}, 100n);
    expect(outcome).toBe("ordered");
    expect(orders).toMatchObject([{ maxRate: "100", maxEscrow: "6000", duration: 60 }]);
  });

  it("is not signed for more because the coordinator tells the client's limits otherwise", async () => {
    expect(await orderFrom({ constraints: { maxRate: "1000", maxEscrow: "60000" } }, 101n)).toEqual({
      outcome: "offer-invalid",
      orders: [],
    });
  });

  it("is for the client's own duration, whatever the coordinator tells", async () => {
    const { orders } = await orderFrom(
      { spec: { durationSeconds: 90_000 }, constraints: { maxEscrow: "9999999" } },
      100n,
    );
    expect(orders).toMatchObject([{ maxEscrow: "6000", duration: 60 }]);
  });
});

describe("the lease key of an order", () => {
  it("is kept before the order is handed over, and one that cannot be kept is not handed over", async () => {
    const view = await viewOf({}, 100n);
    const { client, sent } = scriptedClient(({ url }) =>
      url.endsWith("/v1/account") ? account() : Response.json(view),
    );
    const ordersSent = () => sent.filter(({ url }) => url.endsWith("/order")).length;
    const kept: [number, Ordered][] = [];
    const keep = (ordered: Ordered): Promise<void> => {
      kept.push([ordersSent(), ordered]);
      return Promise.resolve();
    };
    const ordered = await orderWorkload({ client, market, signer, keep }, { ...mine, uploads: [] });
    expect(kept).toEqual([[0, ordered]]);
    expect(orderedOf(keptJob.parse(JSON.parse(JSON.stringify(keptJobOf("http://here", ordered, PAID)))))).toEqual({
      ordered,
      saved: PAID,
    });
    const full = () => Promise.reject(new Error("the disk is full"));
    await expect(orderWorkload({ client, market, signer, keep: full }, { ...mine, uploads: [] })).rejects.toThrow(
      "full",
    );
    expect(ordersSent()).toBe(1);
  });
});

/** Attends `mine` after it lost its placement; a machine is free from the given try on, at `rate`, with 10 s of grace. */
async function attendLost(freeFrom: number, rate = 100n, maxGraceSeconds = 10, saved?: WatchProgress) {
  const placed = await viewOf({}, rate);
  const first = await viewOf({}, 100n);
  const lost: WorkloadView = { ...placed, placed: null };
  const events: RunEvent["type"][] = [];
  let tries = 0;
  let lookedAt = lost;
  const { client, sent } = scriptedClient(({ url }) => {
    if (url.endsWith("/v1/account")) return account();
    if (url.endsWith("/placement")) return ++tries < freeFrom ? problem(409, "no-placement") : Response.json(placed);
    if (url.endsWith("/order")) lookedAt = { ...placed, state: "failed", reason: "lease-open-failed" };
    return url.endsWith("/wkl_0123456789") || url.endsWith("/order")
      ? Response.json(lookedAt)
      : problem(404, "not-found");
  });
  const begun = client.clock.monotonic();
  const kept: string[] = [];
  const keep = (ordered: Ordered): Promise<void> => {
    kept.push(ordered.lease.key.address);
    return Promise.resolve();
  };
  const context = { client, market, signer, on: ({ type }: RunEvent) => events.push(type) };
  const { lease } = await orderWorkload(
    {
      ...context,
      client: scriptedClient(({ url }) => (url.endsWith("/account") ? account() : Response.json(first))).client,
    },
    { ...mine, uploads: [] },
  );
  events.length = 0;
  const outcome = await attendWorkload(
    { ...context, keep },
    { workload: placed.id, wish: { ...mine, maxGraceSeconds }, lease },
    { logs: false, saved },
  ).then(
    ({ state }) => state as string,
    (error: unknown) => String((error as { readonly code?: string }).code),
  );
  const orders = sent.filter(({ url }) => url.endsWith("/order")).length;
  return { outcome, tries, events, kept, orders, waitedMs: client.clock.monotonic() - begun };
}

describe("a workload that lost its placement", () => {
  it("is placed again as soon as a machine is free, and ordered anew under a new key", async () => {
    const { outcome, tries, events, kept, orders } = await attendLost(3);
    expect({ outcome, tries, orders }).toEqual({ outcome: "failed", tries: 3, orders: 1 });
    expect(kept).toHaveLength(1);
    expect(events.filter((e) => e === "unplaced")).toHaveLength(2);
    expect(events).toContain("placed");
  });

  it("is not waited for longer than the client's patience", async () => {
    const { outcome, orders, waitedMs } = await attendLost(Number.POSITIVE_INFINITY);
    expect({ outcome, orders }).toEqual({ outcome: "no-placement", orders: 0 });
    expect(waitedMs).toBeGreaterThanOrEqual(30_000);
  });

  it("is not ordered at a price above the client's own wish", async () => {
    expect(await attendLost(1, 101n)).toMatchObject({ outcome: "offer-invalid", orders: 0, kept: [] });
  });

  it("is not ordered a second time once something was paid for it", async () => {
    expect(await attendLost(1, 100n, 10, PAID)).toMatchObject({
      outcome: "order-mismatch",
      orders: 0,
      kept: [],
      tries: 0,
    });
  });

  it("is not ordered with a longer grace than the client took at first", async () => {
    expect(await attendLost(1, 100n, 9)).toMatchObject({ outcome: "offer-invalid", orders: 0, kept: [] });
  });
});
