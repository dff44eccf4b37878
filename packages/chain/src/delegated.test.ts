import type { Address, Hex } from "@corepool/core/hex";
import { orderData, unitLeaf } from "@corepool/protocol/eip712";
import { depositForCalldata, openCalldata, withdrawCalldata } from "@corepool/protocol/market/calldata";
import { accountOf, unitOf } from "@corepool/protocol/market/reads";
import { approveCalldata } from "@corepool/protocol/market/tokens";
import { concat, getContractAddress, zeroAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "./adapters/system-clock.ts";
import { type Party, RATE, type TempMarket, tempMarket } from "./testing/temp-market.ts";

let market: TempMarket;
let other: Party;
/** Contracts that answer ERC-1271 for the signatures of `other`, and one that knows nothing of it. */
let wallet: Address;
let plain: Address;
let nonce = 0;
let unit = 0n;
const SECONDS = 3_600;

/**
 * An account that has only its code to sign with, by hand: isValidSignature(digest, sig) recovers the 65 bytes (r, s, v)
 * and answers the magic value when they are the owner's.
 */
function walletCode(owner: Address): Hex {
  const runtime = concat([
    "0x60043560005260a43560f81c602052606435604052608435606052",
    "0x602060806080600060015afa5060805173",
    owner,
    "0x14631626ba7e60e01b0260005260206000f3",
  ]);
  const length = ((runtime.length - 2) / 2).toString(16).padStart(2, "0");
  return concat([`0x60${length}600c60003960${length}6000f3`, runtime]);
}

const transactionsOf = async (address: Address): Promise<number> =>
  Number(await market.endpoint.request("eth_getTransactionCount", [address, "latest"]));

async function mined(raw: Hex): Promise<void> {
  const hash = (await market.endpoint.request("eth_sendRawTransaction", [raw])) as Hex;
  for (;;) {
    const outcome = await market.reader.outcome(hash);
    if (outcome?.status === "success") return;
    if (outcome !== undefined) throw new Error(`reverted: ${outcome.reason}`);
    await systemClock.sleep(2);
  }
}

const COMMON = { gas: 3_000_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n } as const;

/** A real type-4 transaction of the relayer's with the client's authorisation. */
async function delegate(party: Party, to: Address): Promise<void> {
  const { chainId } = market.domain;
  const authorization = await privateKeyToAccount(party.key).signAuthorization({
    chainId,
    contractAddress: to,
    nonce: await transactionsOf(party.address),
  });
  const raw = await privateKeyToAccount(market.relayer.key).signTransaction({
    ...COMMON,
    type: "eip7702",
    chainId,
    nonce: await transactionsOf(market.relayer.address),
    // Not to the account: what it is delegated to has nothing to answer to a bare call.
    to: market.relayer.address,
    authorizationList: [authorization],
  });
  await mined(raw);
}

const codeOf = (address: Address) => market.endpoint.request("eth_getCode", [address, "latest"]) as Promise<Hex>;

/** Opens a lease of `client` with an order that `signer` signed, sent by the relayer. */
async function open(client: Address, signer: Party): Promise<void> {
  const matched = await market.match(++unit, ++nonce);
  const order = { ...matched.order, client, units: unitLeaf(market.provider.address, unit) };
  const orderSig = await market.sign(signer, orderData(market.domain, order));
  const opening = { ...matched, order, orderSig, offerProof: [], unitProof: [] };
  await market.act(market.relayer, market.deployment.leaseMarket, openCalldata(opening));
  expect(await unitOf(market.reader, market.domain.market, market.provider.address, unit)).toMatchObject({
    state: "leased",
  });
}

const cashOf = async (address: Address): Promise<bigint> =>
  (await accountOf(market.reader, market.domain.market, market.deployment.gpToken, address)).cash;

beforeAll(async () => {
  market = await tempMarket();
  other = await market.account();
  plain = market.deployment.unitRegistry;
  const { address, key } = await market.account();
  const raw = await privateKeyToAccount(key).signTransaction({
    ...COMMON,
    type: "eip1559",
    chainId: market.domain.chainId,
    nonce: 0,
    data: walletCode(other.address),
  });
  await mined(raw);
  wallet = getContractAddress({ from: address, nonce: 0n });
});
afterAll(() => market.end());

describe("an account under EIP-7702, delegated by a type-4 transaction", () => {
  it("opens leases with its plain signature, though its code knows no ERC-1271", async () => {
    const { client } = market;
    await delegate(client, plain);
    expect(await codeOf(client.address)).toBe(concat(["0xef0100", plain.toLowerCase() as Hex]));
    const before = await cashOf(client.address);
    await open(client.address, client);
    expect(before - (await cashOf(client.address))).toBe(RATE * BigInt(SECONDS));
    await expect(open(client.address, other)).rejects.toThrow("BadOrderSignature");
  });

  it("opens them also by whom its code agrees to, as long as it is delegated to that code", async () => {
    const { client } = market;
    await delegate(client, wallet);
    await open(client.address, other);
    await open(client.address, client);
    await delegate(client, zeroAddress);
    expect(await codeOf(client.address)).toBe("0x");
    await expect(open(client.address, other)).rejects.toThrow("BadOrderSignature");
    await open(client.address, client);
  });

  it("still moves its own money, and offers under its plain signature", async () => {
    const { client, provider, deployment } = market;
    await delegate(provider, plain);
    await open(client.address, client);
    await delegate(client, plain);
    const before = await cashOf(client.address);
    await market.act(client, deployment.leaseMarket, withdrawCalldata(deployment.gpToken, client.address, 5n));
    expect(before - (await cashOf(client.address))).toBe(5n);
  });
});

describe("an account that has only its code (ERC-1271)", () => {
  it("opens leases with what its code takes for its signature, and with nothing else", async () => {
    const { client, deployment } = market;
    const money = RATE * BigInt(SECONDS) * 2n;
    const { gpToken, leaseMarket } = deployment;
    await market.act(client, leaseMarket, withdrawCalldata(gpToken, client.address, money));
    await market.act(client, gpToken, approveCalldata(leaseMarket, money));
    await market.act(client, leaseMarket, depositForCalldata(wallet, gpToken, money));
    await expect(open(wallet, client)).rejects.toThrow("BadOrderSignature");
    await open(wallet, other);
    expect(await cashOf(wallet)).toBe(RATE * BigInt(SECONDS));
  });
});
