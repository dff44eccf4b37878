import { digestOf, documentHash, offerBatchData, offerData } from "@corepool/protocol/eip712";
import { merkleRootOf } from "@corepool/protocol/merkle";
import { unitSpec } from "@corepool/protocol/spec";
import { hashStruct, keccak256, recoverAddress } from "viem";
import { describe, expect, it } from "vitest";
import { providerKey } from "./adapters/secrets.ts";
import { type OfferToken, offersOf, signOffers } from "./offers.ts";
import { domain, host, isolation, provider, START, token } from "./test/samples.ts";
import { unitsOf } from "./units.ts";

const GIB = 2 ** 30;
const machine = `0x${"AB".repeat(32)}` as const;
const settings = { machine, slices: "auto", firstUnit: 10, intervalSeconds: 5, holdSeconds: 300 } as const;
const slots = Array.from({ length: 5 }, (_, i) => ({ slot: `slot-${i}`, diskBytes: 4 * GIB }));
const units = unitsOf(host, isolation, slots, settings);
const tokens: OfferToken[] = [
  { address: token, decimals: 18, counter: 1 },
  { address: `0x${"dd".repeat(20)}`, decimals: 6, counter: 4 },
];
const offer = { provider: provider.address, payTo: provider.address, graceSeconds: 10, price: "auto" } as const;

describe("unitsOf", () => {
  it("offers all of the machine and a slice for each core, on the wire's terms", () => {
    expect(units.map(({ unit, resources, devices }) => [unit, resources.cpus, devices])).toEqual([
      [10, 4, ["cpu:0", "cpu:1", "cpu:2", "cpu:3"]],
      [11, 1, ["cpu:0"]],
      [12, 1, ["cpu:1"]],
      [13, 1, ["cpu:2"]],
      [14, 1, ["cpu:3"]],
    ]);
    for (const unit of units) expect(unitSpec.parse(unit)).toEqual(unit);
  });

  it("never promises more memory or disk than there is, all slices together", () => {
    const [whole, ...slices] = units;
    const sum = (key: "memoryBytes" | "diskBytes") =>
      slices.reduce((total, { resources }) => total + resources[key], 0);
    expect(whole?.resources.memoryBytes).toBeLessThan(host.memoryBytes);
    expect(sum("memoryBytes")).toBeLessThanOrEqual(whole?.resources.memoryBytes ?? 0);
    expect(sum("diskBytes")).toBeLessThanOrEqual(host.diskFreeBytes);
    expect(whole?.resources.diskBytes).toBe(4 * GIB);
  });

  it.each([
    [{ slices: 0 }, slots, 1],
    [{ slices: 1 }, slots, 1],
    [{ slices: 3 }, slots, 4],
    [{ slices: "auto" }, slots.slice(0, 2), 3],
    [{ slices: "auto" }, slots.slice(0, 1), 1],
  ] as const)("cuts as it is told, and only as many slices as there are workspaces (%j)", (change, some, count) => {
    expect(unitsOf(host, isolation, some, { ...settings, ...change })).toHaveLength(count);
  });
});

describe("signOffers", () => {
  it("signs a batch that anyone can check leaf by leaf", async () => {
    const own = offersOf(units, tokens, offer, START);
    const { signer } = providerKey(`0x${"11".repeat(32)}`);
    const signed = await signOffers(domain, signer, own);
    expect(signed).toHaveLength(units.length * tokens.length);
    expect(new Set(signed.map(({ signature }) => signature)).size).toBe(1);
    for (const each of signed) {
      const { message, primaryType, types } = offerData(domain, each.offer);
      const leaf = keccak256(hashStruct({ data: message, primaryType, types } as Parameters<typeof hashStruct>[0]));
      const hash = digestOf(offerBatchData(domain, merkleRootOf(leaf, each.proof)));
      expect(await recoverAddress({ hash, signature: each.signature })).toBe(provider.address);
      expect(each.offer.spec).toBe(documentHash(each.spec));
    }
    expect(signed[1]?.offer).toMatchObject({ counter: 4, expiry: START + 3_600, grace: 10 });
  });

  it("signs a lone offer by itself", async () => {
    const own = offersOf(units.slice(0, 1), tokens.slice(0, 1), offer, START);
    const { signer } = providerKey(`0x${"11".repeat(32)}`);
    const [signed] = await signOffers(domain, signer, own);
    expect(signed?.proof).toEqual([]);
    const hash = digestOf(offerData(domain, signed?.offer ?? own[0]?.offers[0] ?? Object.assign({})));
    expect(await recoverAddress({ hash, signature: signed?.signature ?? "0x" })).toBe(provider.address);
  });

  it("shares a price that is set among the slices, rounded up", () => {
    const own = offersOf(units, tokens, { ...offer, price: 1_001n }, START);
    expect(own.map(({ offers }) => offers[0]?.rate)).toEqual(["1001", "251", "251", "251", "251"]);
  });
});
