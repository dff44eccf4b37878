import type { Address, Hex } from "@corepool/core/hex";
import { leaseMarketAbi as abi } from "@corepool/protocol/abi/lease-market.gen";
import {
  closeData,
  digestOf,
  leaseId,
  mandateData,
  mandatedOrderData,
  offerBatchData,
  offerData,
  orderData,
  paymentNoteData,
  requestCloseData,
  structHash,
  unitLeaf,
} from "@corepool/protocol/eip712";
import { merkleRootOf } from "@corepool/protocol/merkle";
import type { MandateMessage, OfferMessage, OrderMessage } from "@corepool/protocol/spec";
import { type ContractFunctionArgs, decodeAbiParameters, getAbiItem, keccak256, zeroAddress, zeroHash } from "viem";
import { counterOf, credit, debit, spend } from "./ledger.ts";
import type { MarketPlace, MarketState } from "./state.ts";
import { type MarketLog, marketLog, Reverted, same, words } from "./words.ts";

type Args<N extends "open" | "settle" | "openMany" | "finalizeClose"> = ContractFunctionArgs<
  typeof abi,
  "nonpayable",
  N
>;
export type OpenArgs = Args<"open">[0];
export type SettleArgs = Args<"settle">[0];
export type Terms = Args<"finalizeClose">[0];

/** Runs one item of a batch so that a failure takes back all that it did; resolves with its logs. */
export type Attempt = (work: (part: MarketCall) => Promise<void>) => Promise<readonly MarketLog[]>;

/** Who signed a digest; undefined when the bytes are no signature that the contract reads. */
export type Recover = (digest: Hex, signature: Hex) => Promise<Address | undefined>;

const MAX_GRACE = 86_400;
const BPS = 10_000n;
/** Reasons in LeaseClosed. */
const REASON = { agreed: 1, byProvider: 2, requested: 3, expired: 4 } as const;
const REVOKED = 2;
const mandateParameters = [
  getAbiItem({ abi, name: "revokeMandate" }).inputs[0],
  { type: "bytes" },
  { type: "bytes32[]" },
] as const;

/** The hash that the contract keeps of live terms: keccak256(abi.encode(Terms)). */
export const hashOfTerms = (t: Terms): Hex =>
  keccak256(
    words(
      t.provider,
      t.unit,
      t.seq,
      t.client,
      t.payTo,
      t.key,
      t.token,
      t.rate,
      t.escrow,
      t.paid,
      t.start,
      t.end,
      t.maxEnd,
      t.closeAt,
      t.grace,
      t.feeBps,
      t.funder,
      t.fundingRef,
    ),
  );

/**
 * LeaseMarket's rules of opening, settling and ending leases, in TypeScript: the same checks, the same logs, the same
 * money (a differential test holds it to the committed bytecode). One listed token; no funders, discounts or top-ups.
 * Works on `state` as it goes: give it a copy, and throw that away when it rejects with Reverted.
 */
export class MarketCall {
  readonly logs: MarketLog[] = [];
  readonly #place: MarketPlace;
  readonly #state: MarketState;
  readonly #recover: Recover;
  readonly #now: number;

  /** @param now the block's timestamp, seconds since the epoch */
  constructor(place: MarketPlace, state: MarketState, recover: Recover, now: number) {
    this.#place = place;
    this.#state = state;
    this.#recover = recover;
    this.#now = now;
  }

  get #domain() {
    return { chainId: this.#place.chainId, market: this.#place.market };
  }

  deposit(sender: Address, account: Address, token: Address, amount: bigint): void {
    if (amount === 0n) throw new Reverted("ZeroAmount");
    if (same(account, zeroAddress)) throw new Reverted("ZeroAddress");
    this.#listed(token);
    const has = this.#state.wallet(sender);
    if (has < amount) throw new Reverted("ERC20InsufficientBalance", sender, has, amount);
    this.#state.setWallet(sender, has - amount);
    this.#state.setWallet(this.#place.market, this.#state.wallet(this.#place.market) + amount);
    this.#credit(account, amount);
    this.#log("Deposited", [account, token], [amount]);
  }

  withdraw(sender: Address, token: Address, to: Address, amount: bigint): void {
    if (amount === 0n) throw new Reverted("ZeroAmount");
    if (same(to, zeroAddress) || same(to, this.#place.market)) throw new Reverted("ZeroAddress");
    if (!same(token, this.#place.gp)) throw new Reverted("InsufficientCash", 0n, amount);
    this.#state.setAccount(sender, debit(this.#state.account(sender), amount));
    this.#log("Withdrawn", [sender, token], [to, amount]);
    this.#pay(to, amount);
  }

  async open(sender: Address, args: OpenArgs): Promise<void> {
    const { offer, order } = args;
    if (order.gang !== 0n) throw new Reverted("GangOutsideBatch", order.gang);
    this.#listed(offer.token);
    const { rate, escrow } = this.#agree(args);
    if (!same(order.funder, zeroAddress)) throw new Reverted("FunderRefused", order.funder);
    if (counterOf(this.#state.account(offer.provider)) !== offer.counter)
      throw new Reverted("OfferCancelled", offer.counter);
    await this.#checkOffer(args);
    const mandate = await this.#commit(sender, args, rate, escrow);

    const slot = this.#state.slot(offer.provider, offer.unit);
    if (!("seq" in slot)) throw new Reverted("UnitBusy", offer.provider, offer.unit);
    const terms: Terms = {
      provider: offer.provider,
      unit: offer.unit,
      seq: slot.seq,
      client: order.client,
      payTo: same(offer.payTo, zeroAddress) ? offer.provider : offer.payTo,
      key: order.key,
      token: offer.token,
      rate,
      escrow,
      paid: 0n,
      start: this.#now,
      end: this.#now + order.duration,
      maxEnd: this.#now + offer.maxSeconds,
      closeAt: 0,
      grace: offer.grace,
      feeBps: this.#place.feeBps,
      funder: zeroAddress,
      fundingRef: order.fundingRef,
    };
    this.#occupy(terms);
    const lease = this.#leaseOf(terms);
    this.#log(
      "LeaseOpened",
      [lease, order.client, offer.provider],
      [
        (BigInt(offer.token) << 96n) | rate,
        (BigInt(order.key) << 96n) | (offer.unit << 32n) | BigInt(slot.seq),
        (BigInt(terms.payTo) << 96n) | (BigInt(this.#now) << 48n) | (BigInt(offer.grace) << 16n) | BigInt(terms.feeBps),
        (escrow << 128n) | (BigInt(terms.end) << 40n) | BigInt(terms.maxEnd),
        structHash(offerData(this.#domain, offer as unknown as OfferMessage)),
        structHash(orderData(this.#domain, order as unknown as OrderMessage)),
      ],
    );
    if (mandate !== undefined) {
      this.#log("MandateUsed", [mandate, lease], [this.#state.mandate(mandate).cash]);
    }
  }

  /** @param closing the provider ends his own lease, as `closeNow` */
  async settle(sender: Address, args: SettleArgs, closing: boolean): Promise<void> {
    const { terms, total } = args;
    const lease = this.#live(terms);
    let reason: number = REASON.byProvider;
    if (closing) {
      if (!same(sender, terms.provider)) throw new Reverted("NotProvider");
    } else if (args.closeSig === "0x") {
      if (total === terms.paid) return;
      if (!same(sender, terms.provider) && this.#inCloseWindow(terms)) throw new Reverted("NotProvider");
      reason = 0;
    } else {
      const digest = digestOf(closeData(this.#domain, lease, total));
      if (!(await this.#signed(terms.provider, digest, args.closeSig))) throw new Reverted("BadCloseSignature");
      reason = REASON.agreed;
    }
    const fee = total === terms.paid ? 0n : await this.#payNote(lease, terms, total, args.noteSig);
    if (reason !== 0) return this.#end(lease, terms, total, fee, reason);
    this.#occupy({ ...terms, paid: total });
    this.#log("LeaseSettled", [lease], [total, total - terms.paid - fee, fee]);
  }

  async requestClose(sender: Address, terms: Terms, sig: Hex): Promise<void> {
    const lease = this.#live(terms);
    if (terms.closeAt !== 0) throw new Reverted("CloseAlreadyRequested", terms.closeAt);
    if (sig !== "0x" || !same(sender, terms.client)) {
      const digest = digestOf(requestCloseData(this.#domain, lease));
      if (!(await this.#signed(terms.key, digest, sig)) && !(await this.#signed(terms.client, digest, sig))) {
        throw new Reverted("NotPermitted");
      }
    }
    const closeAt = this.#now + this.#place.closeWindow;
    this.#occupy({ ...terms, closeAt });
    this.#log("CloseRequested", [lease], [closeAt]);
  }

  finalizeClose(terms: Terms): void {
    const lease = this.#live(terms);
    const from = this.#finalFrom(terms);
    if (this.#now < from) throw new Reverted("NotClosable", from);
    this.#end(lease, terms, terms.paid, 0n, from === terms.closeAt ? REASON.requested : REASON.expired);
  }

  collectFees(token: Address): void {
    const { fees } = this.#state;
    if (!same(token, this.#place.gp) || fees === 0n) throw new Reverted("NothingToCollect");
    const burned = (fees * BigInt(this.#place.burnBps)) / BPS;
    this.#state.fees = 0n;
    this.#log("FeesCollected", [token], [burned, this.#place.feeSink, fees - burned]);
    this.#state.burned += burned;
    this.#state.setWallet(this.#place.market, this.#state.wallet(this.#place.market) - burned);
    this.#pay(this.#place.feeSink, fees - burned);
  }

  /** Several openings, each for itself: what fails is skipped and named. */
  openEach(all: readonly OpenArgs[], attempt: Attempt): Promise<void> {
    // The contract calls itself, so nobody's word can stand in for his signature.
    return this.#each("OpenSkipped", all, attempt, (part, args) => part.open(this.#place.market, args));
  }

  /** Several settlements, each for itself. */
  settleEach(sender: Address, all: readonly SettleArgs[], closing: boolean, attempt: Attempt): Promise<void> {
    return this.#each("SettleSkipped", all, attempt, (part, args) => part.settle(sender, args, closing));
  }

  async #each<T>(
    skipped: string,
    all: readonly T[],
    attempt: Attempt,
    work: (part: MarketCall, args: T) => Promise<void>,
  ): Promise<void> {
    for (const [i, args] of all.entries()) {
      try {
        this.logs.push(...(await attempt((part) => work(part, args))));
      } catch (error) {
        if (!(error instanceof Reverted)) throw error;
        this.#log(skipped, [], [i, `${error.selector}${"0".repeat(56)}`]);
      }
    }
  }

  // --- opening ---

  #listed(token: Address): void {
    if (!same(token, this.#place.gp)) throw new Reverted("TokenNotListed", token);
  }

  #agree({ offer, order }: OpenArgs): { readonly rate: bigint; readonly escrow: bigint } {
    const now = this.#now;
    if (!same(offer.token, order.token)) throw new Reverted("TokenMismatch");
    if (!same(offer.client, zeroAddress) && !same(offer.client, order.client))
      throw new Reverted("NotYourOffer", offer.client);
    if (now < offer.notBefore) throw new Reverted("OfferNotYetValid", offer.notBefore);
    if (now > offer.expiry) throw new Reverted("OfferExpired", offer.expiry);
    if (now > order.expiry) throw new Reverted("OrderExpired", order.expiry);
    if (same(order.key, zeroAddress)) throw new Reverted("NoLeaseKey");
    if (offer.grace > MAX_GRACE) throw new Reverted("GraceTooLong", offer.grace, MAX_GRACE);
    const { duration } = order;
    if (duration === 0 || duration < offer.minSeconds || duration > offer.maxSeconds) {
      throw new Reverted("DurationOutOfRange", duration, offer.minSeconds, offer.maxSeconds);
    }
    const rate = order.bid > offer.rate ? order.bid : offer.rate;
    const escrow = rate * BigInt(duration);
    if (rate > order.maxRate) throw new Reverted("RateAboveLimit", rate, order.maxRate);
    if (escrow > order.maxEscrow) throw new Reverted("EscrowAboveLimit", escrow, order.maxEscrow);
    return { rate, escrow };
  }

  async #checkOffer({ offer, offerSig, offerProof }: OpenArgs): Promise<void> {
    const data = offerData(this.#domain, offer as unknown as OfferMessage);
    if (offerProof.length === 0 && (await this.#signed(offer.provider, digestOf(data), offerSig))) return;
    const root = merkleRootOf(keccak256(structHash(data)), offerProof);
    if (await this.#signed(offer.provider, digestOf(offerBatchData(this.#domain, root)), offerSig)) return;
    throw new Reverted("BadOfferSignature");
  }

  async #commit(sender: Address, args: OpenArgs, rate: bigint, escrow: bigint): Promise<Hex | undefined> {
    const { order, unitProof } = args;
    if (order.units !== zeroHash && !this.#allowed(unitProof, order.units, args)) throw new Reverted("UnitNotAllowed");
    let account = this.#state.account(order.client);
    if (counterOf(account) !== order.counter) throw new Reverted("OrderCancelled", order.counter);
    let signer: Address = order.client;
    let mandate: Hex | undefined;
    let digest: Hex;
    const message = order as unknown as OrderMessage;
    if (args.mandate === "0x") {
      account = spend(account, order.nonce);
      digest = digestOf(orderData(this.#domain, message));
    } else {
      const used = await this.#spendMandate(args, rate, escrow);
      mandate = used.hash;
      signer = used.mandate.operator;
      digest = digestOf(mandatedOrderData(this.#domain, used.mandate, message));
    }
    this.#state.setAccount(order.client, debit(account, escrow));
    if (args.orderSig === "0x" && same(sender, signer) && !same(signer, this.#place.market)) return mandate;
    if (!(await this.#signed(signer, digest, args.orderSig))) throw new Reverted("BadOrderSignature");
    return mandate;
  }

  async #spendMandate(args: OpenArgs, rate: bigint, escrow: bigint) {
    const { order } = args;
    // The contract looks at the length alone; what is not a mandate fails by what it then says.
    if (args.mandate.length < 2 + 2 * 0x180) throw new Reverted("BadMandate");
    const [m, sig, proof] = decodeAbiParameters(mandateParameters, args.mandate);
    if (!same(m.client, order.client) || !same(m.token, order.token)) throw new Reverted("MandateMismatch");
    if (m.counter !== order.counter) throw new Reverted("MandateCancelled");
    if (this.#now > m.expiry) throw new Reverted("MandateExpired", m.expiry);
    if (rate > m.maxRate) throw new Reverted("RateAboveLimit", rate, m.maxRate);
    if (escrow > m.maxEscrow) throw new Reverted("EscrowAboveLimit", escrow, m.maxEscrow);
    if (m.providers !== zeroHash && !this.#allowed(proof, m.providers, args))
      throw new Reverted("ProviderNotInMandate");
    const message = m as unknown as MandateMessage;
    const hash = structHash(mandateData(this.#domain, message));
    const used = this.#state.mandate(hash);
    if (used.counter === REVOKED) throw new Reverted("MandateCancelled");
    if (used.cash + escrow > m.maxTotal) throw new Reverted("MandateExhausted", used.cash, m.maxTotal);
    this.#state.setMandate(hash, credit(spend(used, order.nonce), escrow));
    if (!(await this.#signed(m.client, digestOf(mandateData(this.#domain, message)), sig)))
      throw new Reverted("BadMandate");
    return { hash, mandate: message };
  }

  #allowed(proof: readonly Hex[], root: Hex, { offer }: OpenArgs): boolean {
    return (
      same(merkleRootOf(unitLeaf(offer.provider, offer.unit), proof), root) ||
      same(merkleRootOf(unitLeaf(offer.provider), proof), root)
    );
  }

  // --- settling and ending ---

  #leaseOf(terms: Terms): Hex {
    return leaseId(this.#domain, terms.provider, terms.unit, terms.seq);
  }

  /** The unit's slot holds these terms from now on. */
  #occupy(terms: Terms): void {
    const { provider, unit, escrow, paid } = terms;
    this.#state.setSlot(provider, unit, { terms: hashOfTerms(terms), escrow: escrow - paid });
  }

  #live(terms: Terms): Hex {
    const slot = this.#state.slot(terms.provider, terms.unit);
    if (!("terms" in slot) || slot.terms !== hashOfTerms(terms)) throw new Reverted("UnknownTerms");
    return this.#leaseOf(terms);
  }

  #cap(terms: Terms): bigint {
    const until = Math.min(this.#now, terms.end);
    const cap = terms.rate * BigInt(until - terms.start + terms.grace);
    return cap < terms.escrow ? cap : terms.escrow;
  }

  #finalFrom(terms: Terms): number {
    const from = terms.end + this.#place.closeWindow;
    return terms.closeAt !== 0 && terms.closeAt < from ? terms.closeAt : from;
  }

  #inCloseWindow(terms: Terms): boolean {
    if (terms.closeAt === 0 && this.#now < terms.end) return false;
    return this.#now < this.#finalFrom(terms);
  }

  /** Pays what a note adds to what is paid; resolves with the fee in it. */
  async #payNote(lease: Hex, terms: Terms, total: bigint, noteSig: Hex): Promise<bigint> {
    const { paid } = terms;
    if (total < paid) throw new Reverted("TotalBelowPaid", total, paid);
    const cap = this.#cap(terms);
    if (total > cap) throw new Reverted("TotalAboveCap", total, cap);
    const digest = digestOf(paymentNoteData(this.#domain, lease, total));
    if (!(await this.#signed(terms.key, digest, noteSig))) throw new Reverted("BadNoteSignature");
    const bps = BigInt(terms.feeBps);
    const fee = (total * bps) / BPS - (paid * bps) / BPS;
    this.#credit(terms.payTo, total - paid - fee);
    this.#state.fees += fee;
    return fee;
  }

  #end(lease: Hex, terms: Terms, paid: bigint, fee: bigint, reason: number): void {
    const refund = terms.escrow - paid;
    this.#state.setSlot(terms.provider, terms.unit, { seq: terms.seq + 1 });
    if (refund !== 0n) this.#credit(terms.client, refund);
    this.#log("LeaseClosed", [lease], [paid, fee, refund, reason]);
  }

  // --- common ---

  async #signed(signer: Address, digest: Hex, signature: Hex): Promise<boolean> {
    if (same(signer, zeroAddress)) return false;
    const found = await this.#recover(digest, signature);
    return found !== undefined && same(found, signer);
  }

  #credit(account: Address, amount: bigint): void {
    this.#state.setAccount(account, credit(this.#state.account(account), amount));
  }

  #pay(to: Address, amount: bigint): void {
    this.#state.setWallet(this.#place.market, this.#state.wallet(this.#place.market) - amount);
    this.#state.setWallet(to, this.#state.wallet(to) + amount);
  }

  #log(name: string, indexed: readonly (bigint | number | Hex)[], data: readonly (bigint | number | Hex)[]): void {
    this.logs.push(marketLog(name, indexed, data));
  }
}
