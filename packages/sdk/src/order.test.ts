import type { Hex } from "@corepool/core/hex";
import { digestOf, documentHash, orderData, unitLeaf, workloadBindingData } from "@corepool/protocol/eip712";
import type { JobSpec, OfferMessage } from "@corepool/protocol/spec";
import { recoverAddress, zeroAddress, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { expect, it } from "vitest";
import { leaseKeyOf } from "./lease-key.ts";
import { bindWorkload, orderFor, signOrder } from "./order.ts";

const account = privateKeyToAccount(`0x${"33".repeat(32)}`);
const domain = { chainId: 31_337, market: `0x${"77".repeat(20)}` as Hex };
const offer: OfferMessage = {
  provider: `0x${"22".repeat(20)}`,
  payTo: zeroAddress,
  token: `0x${"44".repeat(20)}`,
  unit: "5",
  spec: zeroHash,
  rate: "7000",
  minSeconds: 60,
  maxSeconds: 86_400,
  grace: 2,
  notBefore: 0,
  expiry: 2_000_000_000,
  counter: 1,
  client: zeroAddress,
};
const wish = {
  offer,
  durationSeconds: 600,
  leaseKey: `0x${"55".repeat(20)}` as Hex,
  nonce: 9,
  counter: 3,
  expiry: 1_900_000_000,
};

it("accepts one offer of one unit, at its price and for no more than it costs", () => {
  expect(orderFor(account.address, wish)).toEqual({
    client: account.address,
    token: offer.token,
    maxRate: "7000",
    bid: "0",
    maxEscrow: "4200000",
    duration: 600,
    key: wish.leaseKey,
    units: unitLeaf(offer.provider, 5n),
    expiry: 1_900_000_000,
    nonce: 9,
    counter: 3,
    gang: "0",
    funder: zeroAddress,
    fundingRef: zeroHash,
  });
});

it("is signed by the client for one market", async () => {
  const signer = {
    address: account.address,
    signTypedData: (data: unknown) => account.signTypedData(data as Parameters<typeof account.signTypedData>[0]),
  };
  const { order, signature } = await signOrder(domain, signer as never, wish);
  expect(order).toEqual(orderFor(account.address, wish));
  expect(await recoverAddress({ hash: digestOf(orderData(domain, order)), signature })).toBe(account.address);
});

it("binds a specification to the lease key by that key's word", async () => {
  const key = leaseKeyOf(`0x${"11".repeat(32)}`);
  const spec = { kind: "job", command: ["true"] } as unknown as JobSpec;
  const signature = await bindWorkload(domain, key, account.address, spec);
  const hash = digestOf(workloadBindingData(domain, account.address, key.address, documentHash(spec)));
  expect(await recoverAddress({ hash, signature })).toBe(key.address);
});
