import type { Hex } from "@corepool/core/hex";
import type { TypedData } from "@corepool/core/ports/signer";
import {
  closeData,
  digestOf,
  type MarketDomain,
  mandateData,
  mandatedOrderData,
  offerBatchData,
  offerData,
  offerLeaf,
  orderData,
  paymentNoteData,
  requestCloseData,
  unitLeaf,
} from "@corepool/protocol/eip712";
import {
  closeNowCalldata,
  collectFeesCalldata,
  depositCalldata,
  finalizeCloseCalldata,
  openCalldata,
  openManyCalldata,
  requestCloseCalldata,
  settleCalldata,
  settleManyCalldata,
  withdrawCalldata,
} from "@corepool/protocol/market/calldata";
import type { OpenInput, SettleInput } from "@corepool/protocol/market/structs";
import { merkleTree } from "@corepool/protocol/merkle";
import type { MandateMessage, OfferMessage, OrderMessage, TermsMessage } from "@corepool/protocol/spec";
import { zeroAddress, zeroHash } from "viem";
import { sign } from "viem/accounts";
import type { Call } from "../chain/execute.ts";
import type { SeededRandom } from "../world/random.ts";

interface Party {
  readonly key: Hex;
  readonly address: Hex;
}

export interface Cast {
  readonly domain: MarketDomain;
  readonly gp: Hex;
  readonly clients: readonly [Party, ...Party[]];
  readonly providers: readonly [Party, ...Party[]];
  readonly leaseKeys: readonly [Party, ...Party[]];
  readonly relayer: Party;
}

/** A lease that is or was open, with the terms that were last seen. */
export interface KnownLease {
  readonly id: Hex;
  readonly terms: TermsMessage;
}

const RATE = 10n ** 15n;
/** How often a field is wrong. */
const WRONG = 0.02;

/** Draws calls of LeaseMarket, about half of which the contract takes: each field and signature is now and then wrong. */
export class RandomCalls {
  readonly #random: SeededRandom;
  readonly #cast: Cast;
  #nonce = 0;

  constructor(random: SeededRandom, cast: Cast) {
    this.#random = random;
    this.#cast = cast;
  }

  /** @param now the chain's time, seconds since the epoch */
  async next(now: number, leases: readonly KnownLease[]): Promise<Call> {
    const { domain, gp, clients, relayer, providers } = this.#cast;
    const random = this.#random;
    const to = domain.market;
    const anyone = random.pick([relayer, ...clients, ...providers]).address;
    const kind = leases.length === 0 ? 0 : random.between(0, 11);
    if (kind <= 1) {
      const input = await this.#opening(now);
      return { from: this.#rarely(anyone, input.order.client), to, data: openCalldata(input) };
    }
    if (kind === 2) {
      const inputs = await Promise.all([this.#opening(now), this.#opening(now), this.#opening(now)]);
      return { from: anyone, to, data: openManyCalldata(inputs, false) };
    }
    const lease = leases[random.between(Math.max(0, leases.length - 4), leases.length - 1)] ?? leases[0];
    if (lease === undefined) throw new RangeError("no lease is known");
    if (kind <= 5) return { from: anyone, to, data: settleCalldata(await this.#settlement(lease, now, kind === 5)) };
    if (kind === 6) {
      const from = this.#rarely(lease.terms.provider, anyone);
      return { from, to, data: closeNowCalldata(await this.#settlement(lease, now, false)) };
    }
    if (kind === 7) {
      const all = await Promise.all([lease, ...leases.slice(-2)].map((each) => this.#settlement(each, now, true)));
      return { from: anyone, to, data: settleManyCalldata(all, random.chance(0.3)) };
    }
    if (kind === 8) {
      const signer = random.pick([...this.#cast.leaseKeys, ...clients]);
      const sig = random.chance(0.5) ? ("0x" as const) : await this.#signed(signer, requestCloseData(domain, lease.id));
      return { from: this.#rarely(lease.terms.client, anyone), to, data: requestCloseCalldata(lease.terms, sig) };
    }
    if (kind === 9) return { from: anyone, to, data: finalizeCloseCalldata(lease.terms) };
    if (kind === 10) return { from: anyone, to, data: collectFeesCalldata(this.#rarely(gp, relayer.address)) };
    const amount = random.pick([0n, 1n, RATE * 50n, RATE * 5_000n]);
    const data = random.chance(0.5)
      ? depositCalldata(gp, amount)
      : withdrawCalldata(gp, this.#rarely(random.pick(clients).address, zeroAddress), amount);
    return { from: random.pick([...clients, ...providers]).address, to, data };
  }

  async #opening(now: number): Promise<OpenInput> {
    const { domain, gp, clients, providers, leaseKeys, relayer } = this.#cast;
    const random = this.#random;
    const provider = random.pick(providers);
    const client = random.pick(clients);
    const unit = BigInt(random.between(1, 3));
    const duration = this.#rarely(random.between(1, 600), 0);
    const offer: OfferMessage = {
      provider: provider.address,
      payTo: random.pick([zeroAddress, relayer.address]),
      token: this.#rarely(gp, relayer.address),
      unit: String(unit),
      spec: zeroHash,
      rate: String(random.pick([RATE, RATE * 3n, 1n])),
      minSeconds: 1,
      maxSeconds: this.#rarely(3_600, 10),
      grace: this.#rarely(random.between(0, 30), 86_401),
      notBefore: this.#rarely(0, now + 10_000),
      expiry: this.#rarely(now + 100_000, now - 10),
      counter: this.#rarely(1, 2),
      client: random.pick([zeroAddress, zeroAddress, client.address, this.#rarely(client.address, relayer.address)]),
    };
    const nonce = this.#rarely(++this.#nonce, random.between(0, this.#nonce));
    const order: OrderMessage = {
      client: client.address,
      token: this.#rarely(offer.token, relayer.address),
      maxRate: this.#rarely(String(RATE * 10n), "0"),
      bid: random.pick(["0", "0", String(RATE * 2n)]),
      maxEscrow: this.#rarely(String(RATE * 10_000n), "5"),
      duration,
      key: this.#rarely(random.pick(leaseKeys).address, zeroAddress),
      units: random.pick([
        zeroHash,
        unitLeaf(provider.address, unit),
        unitLeaf(provider.address, this.#rarely(unit, 77n)),
      ]),
      expiry: this.#rarely(now + 100_000, now - 10),
      nonce,
      counter: this.#rarely(1, 2),
      gang: this.#rarely("0", "1"),
      funder: zeroAddress,
      fundingRef: zeroHash,
    };
    const mandate = random.chance(0.25) ? this.#mandate(now, order, provider) : undefined;
    const signer = mandate === undefined ? client : relayer;
    const data = mandate === undefined ? orderData(domain, order) : mandatedOrderData(domain, mandate, order);
    const batch = random.chance(0.4);
    const tree = merkleTree([offerLeaf(domain, offer), zeroHash, unitLeaf(relayer.address)]);
    return {
      offer,
      offerSig: await this.#signed(provider, batch ? offerBatchData(domain, tree.root) : offerData(domain, offer)),
      offerProof: batch ? (tree.proofs[0] ?? []) : [],
      order,
      orderSig: random.chance(0.1) ? "0x" : await this.#signed(signer, data),
      unitProof: [],
      ...(mandate === undefined
        ? {}
        : { mandate: { mandate, sig: await this.#signed(client, mandateData(domain, mandate)), proof: [] } }),
    };
  }

  #mandate(now: number, order: OrderMessage, provider: Party): MandateMessage {
    const { relayer, gp } = this.#cast;
    return {
      client: this.#rarely(order.client as Hex, relayer.address),
      operator: relayer.address,
      token: gp,
      maxRate: this.#rarely(String(RATE * 10n), "1"),
      maxEscrow: this.#rarely(String(RATE * 5_000n), "1"),
      maxTotal: String(RATE * 20_000n),
      providers: this.#random.pick([
        zeroHash,
        unitLeaf(provider.address),
        this.#rarely(zeroHash, unitLeaf(relayer.address)),
      ]),
      expiry: this.#rarely(4_000_000_000, now - 1),
      counter: this.#rarely(1, 2),
      salt: this.#random.between(1, 3),
    };
  }

  async #settlement({ id, terms }: KnownLease, now: number, closing: boolean): Promise<SettleInput> {
    const { domain, providers, leaseKeys } = this.#cast;
    const random = this.#random;
    const paid = BigInt(terms.paid);
    const most = BigInt(terms.rate) * BigInt(Math.max(0, Math.min(now, terms.end) - terms.start) + terms.grace);
    const total = random.pick([
      paid,
      (paid + most) / 2n,
      most,
      this.#rarely(most, most + 10n ** 18n),
      this.#rarely(paid, 0n),
    ]);
    const key = leaseKeys.find(({ address }) => address === terms.key) ?? leaseKeys[0];
    const provider = providers.find(({ address }) => address === terms.provider) ?? providers[0];
    return {
      terms: this.#rarely(terms, { ...terms, grace: terms.grace + 1 }),
      total,
      noteSig: total === paid ? "0x" : await this.#signed(key, paymentNoteData(domain, id, total)),
      closeSig: closing ? await this.#signed(provider, closeData(domain, id, total)) : "0x",
    };
  }

  #rarely<T, U>(usual: T, wrong: U): T | U {
    return this.#random.chance(WRONG) ? wrong : usual;
  }

  async #signed(party: Party, data: TypedData): Promise<Hex> {
    const { key } = this.#rarely(party, this.#cast.relayer);
    return sign({ hash: digestOf(data), privateKey: key, to: "hex" });
  }
}
