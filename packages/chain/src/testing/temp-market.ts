import { join } from "node:path";
import type { Address, Hex } from "@corepool/core/hex";
import type { TypedData } from "@corepool/core/ports/signer";
import {
  closeData,
  digestOf,
  type MarketDomain,
  offerData,
  orderData,
  paymentNoteData,
  unitLeaf,
} from "@corepool/protocol/eip712";
import { depositCalldata } from "@corepool/protocol/market/calldata";
import { approveCalldata } from "@corepool/protocol/market/tokens";
import type { OfferMessage, OrderMessage, TermsMessage } from "@corepool/protocol/spec";
import { zeroAddress, zeroHash } from "viem";
import { privateKeyToAccount, sign } from "viem/accounts";
import { deployToRpc } from "../adapters/deploy-file.ts";
import { systemClock } from "../adapters/system-clock.ts";
import type { Deployment } from "../deploy/record.ts";
import { deploymentOf } from "../deploy.ts";
import { type TempChain, tempChain } from "./temp-chain.ts";

export interface Party {
  readonly key: Hex;
  readonly address: Address;
}

/** A local chain with the contracts on it, a provider, and a client with play GP on the ledger. */
export interface TempMarket extends TempChain {
  readonly deployment: Deployment;
  readonly domain: MarketDomain;
  readonly client: Party;
  readonly provider: Party;
  readonly leaseKey: Party;
  readonly relayer: Party;
  /** Sends one transaction and waits for it. Only for set-up: the sender is what is tested. */
  act(party: Party, to: Address, data: Hex): Promise<Hex>;
  sign(party: Party, data: TypedData): Promise<Hex>;
  /** A signed offer of a unit and a signed order for it. */
  match(
    unit: bigint,
    nonce: number,
    changes?: { readonly duration?: number },
  ): Promise<{ offer: OfferMessage; offerSig: Hex; order: OrderMessage; orderSig: Hex }>;
  note(
    terms: TermsMessage,
    lease: Hex,
    total: bigint,
  ): Promise<{ terms: TermsMessage; total: bigint; noteSig: Hex; closeSig: Hex }>;
}

export const CASH = 1_000n * 10n ** 18n;
export const RATE = 10n ** 15n;

export async function tempMarket(): Promise<TempMarket> {
  const temp = await tempChain();
  const [deployer, client, provider, leaseKey, relayer] = await Promise.all([
    temp.account(),
    temp.account(),
    temp.account(),
    temp.account(),
    temp.account(),
  ]);
  const record = await deployToRpc({
    rpcUrl: temp.chain.rpcUrl,
    privateKey: deployer.key,
    recordPath: join(temp.dir, "deployment.json"),
    options: { feeSink: deployer.address, stablecoin: "test", genesis: [{ to: client.address, amount: CASH }] },
    pollMs: 5,
  });
  const deployment = deploymentOf(record);
  const domain = { chainId: deployment.chainId, market: deployment.leaseMarket };

  async function act(party: Party, to: Address, data: Hex): Promise<Hex> {
    const nonce = Number(await temp.endpoint.request("eth_getTransactionCount", [party.address, "latest"]));
    const raw = await privateKeyToAccount(party.key).signTransaction({
      chainId: domain.chainId,
      type: "eip1559",
      nonce,
      gas: 3_000_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
      to,
      data,
    });
    const hash = (await temp.endpoint.request("eth_sendRawTransaction", [raw])) as Hex;
    for (;;) {
      const outcome = await temp.reader.outcome(hash);
      if (outcome?.status === "success") return hash;
      if (outcome !== undefined) throw new Error(`set-up reverted: ${outcome.reason}`);
      await systemClock.sleep(2);
    }
  }

  const signData = (party: Party, data: TypedData): Promise<Hex> =>
    sign({ hash: digestOf(data), privateKey: party.key, to: "hex" });
  await act(client, deployment.gpToken, approveCalldata(deployment.leaseMarket, CASH));
  await act(client, deployment.leaseMarket, depositCalldata(deployment.gpToken, CASH));

  return {
    ...temp,
    deployment,
    domain,
    client,
    provider,
    leaseKey,
    relayer,
    act,
    sign: signData,
    async match(unit, nonce, { duration = 3_600 } = {}) {
      const offer: OfferMessage = {
        provider: provider.address,
        payTo: zeroAddress,
        token: deployment.gpToken,
        unit: String(unit),
        spec: zeroHash,
        rate: String(RATE),
        minSeconds: 1,
        maxSeconds: 86_400,
        grace: 10,
        notBefore: 0,
        expiry: 4_000_000_000,
        counter: 1,
        client: zeroAddress,
      };
      const order: OrderMessage = {
        client: client.address,
        token: deployment.gpToken,
        maxRate: String(RATE),
        bid: "0",
        maxEscrow: String(RATE * BigInt(duration)),
        duration,
        key: leaseKey.address,
        units: unitLeaf(provider.address, unit),
        expiry: 4_000_000_000,
        nonce,
        counter: 1,
        gang: "0",
        funder: zeroAddress,
        fundingRef: zeroHash,
      };
      return {
        offer,
        order,
        offerSig: await signData(provider, offerData(domain, offer)),
        orderSig: await signData(client, orderData(domain, order)),
      };
    },
    async note(terms, lease, total) {
      return {
        terms,
        total,
        noteSig: await signData(leaseKey, paymentNoteData(domain, lease, total)),
        closeSig: await signData(provider, closeData(domain, lease, total)),
      };
    },
  };
}
