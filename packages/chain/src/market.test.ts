import type { Address } from "@corepool/core/hex";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { leaseId } from "@corepool/protocol/eip712";
import {
  cancelAllCalldata,
  closeNowCalldata,
  collectFeesCalldata,
  depositForCalldata,
  finalizeCloseCalldata,
  openCalldata,
  openManyCalldata,
  requestCloseCalldata,
  settleCalldata,
  settleManyCalldata,
  topUpCalldata,
  withdrawCalldata,
} from "@corepool/protocol/market/calldata";
import {
  CLOSE_REASONS,
  decodeMarketEvent,
  decodeRegistryEvent,
  decodeTokenEvent,
  type MarketEvent,
  termsAfter,
} from "@corepool/protocol/market/events";
import {
  accountOf,
  collectable,
  feesOf,
  marketSettings,
  nonceIsFree,
  termsAreLive,
  tokenOf,
  unitOf,
} from "@corepool/protocol/market/reads";
import {
  registerMachineCalldata,
  registerProviderCalldata,
  registerUnitsCalldata,
  retireUnitsCalldata,
} from "@corepool/protocol/market/registry";
import { authorizationNonce, termsHash } from "@corepool/protocol/market/structs";
import { allowanceOf, balanceOf } from "@corepool/protocol/market/tokens";
import { encodeFunctionData, toFunctionSelector, zeroHash } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CASH, RATE, type TempMarket, tempMarket } from "./testing/temp-market.ts";

let market: TempMarket;
let gp: Address;
let address: Address;
beforeAll(async () => {
  market = await tempMarket();
  gp = market.deployment.gpToken;
  address = market.deployment.leaseMarket;
});
afterAll(() => market.end());

/** All events of the market so far. */
async function events(): Promise<readonly MarketEvent[]> {
  const head = await market.reader.head();
  const logs = await market.reader.logs({ from: 0n, to: head.number, addresses: [address] });
  return logs.map(decodeMarketEvent).filter((event) => event !== undefined);
}

async function openLease(unit: bigint, nonce: number) {
  const { reader, relayer, provider, domain } = market;
  const matched = await market.match(unit, nonce);
  await market.act(relayer, address, openCalldata({ ...matched, offerProof: [], unitProof: [] }));
  const lease = leaseId(domain, provider.address, unit, 0);
  const opened = (await events()).find((event) => event.name === "LeaseOpened" && event.args.lease === lease);
  if (opened?.name !== "LeaseOpened") throw new Error("no LeaseOpened");
  expect(await termsAreLive(reader, address, opened.args.terms)).toBe(true);
  return { lease, terms: opened.args.terms };
}

describe("calldata, terms and events, against the deployed contracts", () => {
  it("open, settle and close a lease; the hash of the terms is the contract's at every step", async () => {
    const { reader, relayer, provider, client } = market;
    const before = await accountOf(reader, address, gp, client.address);
    expect(before).toEqual({ cash: CASH, counter: 1, top: 0, window: 0n });
    const { lease, terms } = await openLease(1n, 5);
    expect(await unitOf(reader, address, provider.address, 1n)).toEqual({ state: "leased", terms: termsHash(terms) });
    const after = await accountOf(reader, address, gp, client.address);
    expect(after.cash).toBe(CASH - RATE * 3_600n);
    expect([4, 5, 6].map((nonce) => nonceIsFree(after, nonce))).toEqual([true, false, true]);

    const note = await market.note(terms, lease, RATE * 4n);
    expect(await collectable(reader, address, terms, RATE * 4n)).toBe(RATE * 4n);
    await market.act(relayer, address, settleCalldata({ ...note, closeSig: "0x" }));
    const settled = (await events()).find((event) => event.name === "LeaseSettled");
    if (settled === undefined) throw new Error("no LeaseSettled");
    const now = termsAfter(terms, settled);
    expect(now.paid).toBe(String(RATE * 4n));
    expect(await termsAreLive(reader, address, now)).toBe(true);
    expect(await termsAreLive(reader, address, terms)).toBe(false);

    await market.act(relayer, address, settleCalldata({ ...(await market.note(now, lease, RATE * 5n)) }));
    const closed = (await events()).find((event) => event.name === "LeaseClosed");
    expect(closed?.args).toEqual({
      lease,
      paid: RATE * 5n,
      fee: (RATE * 500n) / 10_000n,
      refund: RATE * 3_595n,
      reason: CLOSE_REASONS.indexOf("agreed"),
    });
    expect(await unitOf(reader, address, provider.address, 1n)).toEqual({ state: "idle", seq: 1 });
    expect((await tokenOf(reader, address, gp)).feeBps).toBe(500);
    expect(await feesOf(reader, address, gp)).toBe((RATE * 5n * 500n) / 10_000n);
    await market.act(relayer, address, collectFeesCalldata(gp));
    expect(await feesOf(reader, address, gp)).toBe(0n);
  });

  it("top up, request a close, cancel and withdraw", async () => {
    const { reader, client } = market;
    const { terms } = await openLease(2n, 6);
    await market.act(client, address, topUpCalldata(terms, 60));
    const topped = (await events()).findLast((event) => event.name === "LeaseToppedUp");
    if (topped === undefined) throw new Error("no LeaseToppedUp");
    const longer = termsAfter(terms, topped);
    expect(longer.end).toBe(terms.end + 60);
    expect(await termsAreLive(reader, address, longer)).toBe(true);
    await market.act(client, address, requestCloseCalldata(longer));
    const requested = (await events()).findLast((event) => event.name === "CloseRequested");
    if (requested === undefined) throw new Error("no CloseRequested");
    expect(await termsAreLive(reader, address, termsAfter(longer, requested))).toBe(true);
    await expect(reader.call(address, finalizeCloseCalldata(termsAfter(longer, requested)))).rejects.toMatchObject({
      code: "call-reverted",
      data: { reason: "NotClosable" },
    });
    await market.act(client, address, withdrawCalldata(gp, client.address, 7n));
    expect(await balanceOf(reader, gp, client.address)).toBe(7n);
    expect(await allowanceOf(reader, gp, client.address, address)).toBe(0n);
    await market.act(client, address, cancelAllCalldata());
    expect((await accountOf(reader, address, gp, client.address)).counter).toBe(2);
  });

  it("batches skip what fails and say why; the encoders of all the rest are the contract's", async () => {
    const { reader, relayer, provider, client, domain } = market;
    const matched = await market.match(3n, 9);
    await market.act(relayer, address, openManyCalldata([{ ...matched, offerProof: [], unitProof: [] }], false));
    const skipped = (await events()).findLast((event) => event.name === "OpenSkipped");
    expect(skipped?.args).toMatchObject({ index: 0n });
    // The client has cancelled everything signed under counter 1.
    expect(skipped?.name === "OpenSkipped" ? skipped.args.reason : "").toBe(
      toFunctionSelector("OrderCancelled(uint32)"),
    );
    const terms = zeroTerms(provider.address);
    const none = { terms, total: 0n, noteSig: "0x", closeSig: "0x" } as const;
    await market.act(relayer, address, settleManyCalldata([none], false));
    await expect(reader.call(address, closeNowCalldata(none))).rejects.toMatchObject({
      data: { reason: "UnknownTerms" },
    });
    await expect(reader.call(address, depositForCalldata(client.address, gp, 1n))).rejects.toMatchObject({
      code: "call-reverted",
    });
    const nonce = await reader.call(
      address,
      encodeFunctionData({ abi: leaseMarketAbi, functionName: "authorizationNonce", args: [client.address, zeroHash] }),
    );
    expect(nonce).toBe(authorizationNonce(domain, client.address, zeroHash));
    expect(await marketSettings(reader, address)).toMatchObject({ gp, closeWindowSeconds: 1_800, burnBps: 5_000 });
  });

  it("register a provider, a machine and units", async () => {
    const { provider, deployment, reader } = market;
    const machine = `0x${"77".repeat(32)}` as const;
    const registry = deployment.unitRegistry;
    await market.act(provider, registry, registerProviderCalldata(provider.address, provider.address, zeroHash));
    await market.act(provider, registry, registerMachineCalldata(provider.address, machine, provider.address));
    await market.act(
      provider,
      registry,
      registerUnitsCalldata(provider.address, [{ unit: 1n, machine, spec: machine }]),
    );
    await market.act(provider, registry, retireUnitsCalldata(provider.address, [1n]));
    const head = await reader.head();
    const logs = await reader.logs({ from: 0n, to: head.number, addresses: [registry] });
    expect(
      logs
        .map(decodeRegistryEvent)
        .map((event) => event?.name)
        .slice(-4),
    ).toEqual(["ProviderRegistered", "MachineRegistered", "UnitRegistered", "UnitRetired"]);
    const moves = await reader.logs({ from: 0n, to: head.number, addresses: [gp] });
    expect(moves.map(decodeTokenEvent).filter((event) => event?.name === "Transfer").length).toBeGreaterThan(1);
  });
});

function zeroTerms(provider: Address) {
  return {
    provider,
    unit: "3",
    seq: 0,
    client: provider,
    payTo: provider,
    key: provider,
    token: provider,
    rate: "0",
    escrow: "0",
    paid: "0",
    start: 0,
    end: 0,
    maxEnd: 0,
    closeAt: 0,
    grace: 0,
    feeBps: 0,
    funder: provider,
    fundingRef: zeroHash,
  };
}
