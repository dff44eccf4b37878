import { CorepoolError } from "@corepool/core/errors";
import { type Address, type Hex, sameAddress } from "@corepool/core/hex";
import { newId } from "@corepool/core/ids";
import { MAX_GRACE_SECONDS } from "@corepool/core/payment";
import { cureOf, namedWeaknesses } from "@corepool/core/weakness";
import { digestOf, documentHash, offerBatchData, offerData, offerLeaf, structHash } from "@corepool/protocol/eip712";
import { merkleRootOf } from "@corepool/protocol/merkle";
import type { SignedOffer, UnitSpec } from "@corepool/protocol/spec";
import { zeroAddress } from "viem";
import { lower, type MarketContext, secondsOf } from "../market/context.ts";
import type { Offer, Uow } from "../market/documents.ts";
import { isSignedByKey } from "../market/signatures.ts";
import { OFFERS_WAKE } from "./topics.ts";

/** All units and offers of a machine, as its agent announces them. */
export interface Announcement {
  readonly units: readonly UnitSpec[];
  readonly offers: readonly SignedOffer[];
}

function invalid(detail: string): never {
  throw new CorepoolError("offer-invalid", { detail, next: "Correct the offers and send all of them again." });
}

function checkUnits(machine: Hex, units: readonly UnitSpec[]): Map<number, Hex> {
  const hashes = new Map<number, Hex>();
  for (const unit of units) {
    if (unit.machine.toLowerCase() !== machine) invalid(`Unit ${unit.unit} is described for another machine.`);
    if (hashes.has(unit.unit)) invalid(`Unit ${unit.unit} is described twice.`);
    hashes.set(unit.unit, documentHash(unit));
  }
  return hashes;
}

function checkTerms(context: MarketContext, provider: Address, signed: SignedOffer, units: Map<number, Hex>): void {
  const { offer, spec } = signed;
  const name = `The offer for unit ${offer.unit}`;
  if (!sameAddress(offer.provider, provider)) invalid(`${name} is another provider's.`);
  if (String(spec.unit) !== offer.unit) invalid(`${name} comes with the specification of unit ${spec.unit}.`);
  const hash = units.get(spec.unit);
  if (hash === undefined) invalid(`${name} is for a unit that is not announced.`);
  if (hash !== offer.spec.toLowerCase() || documentHash(spec) !== hash) {
    invalid(`${name} was signed for another specification than the unit has.`);
  }
  if (!context.tokens.some((token) => sameAddress(token.address, offer.token))) {
    invalid(`${name} is in a token that this market does not list.`);
  }
  if (BigInt(offer.rate) === 0n || BigInt(offer.rate) >= 2n ** 96n) invalid(`${name} has no possible rate.`);
  if (offer.minSeconds < 1 || offer.minSeconds > offer.maxSeconds) invalid(`${name} allows no duration.`);
  if (offer.grace < spec.intervalSeconds) invalid(`${name} has a grace shorter than its interval.`);
  if (offer.grace > MAX_GRACE_SECONDS) invalid(`${name} has a grace of more than ${MAX_GRACE_SECONDS} s.`);
  if (offer.expiry <= secondsOf(context.clock)) invalid(`${name} has expired.`);
  if (offer.notBefore > offer.expiry) invalid(`${name} is never open.`);
}

/** Offers of one batch share one signature: it is recovered once. */
async function checkSignatures(
  context: MarketContext,
  provider: Address,
  offers: readonly SignedOffer[],
): Promise<void> {
  const known = new Map<string, boolean>();
  for (const { offer, signature, proof } of offers) {
    const digest =
      proof.length === 0
        ? digestOf(offerData(context.domain, offer))
        : digestOf(offerBatchData(context.domain, merkleRootOf(offerLeaf(context.domain, offer), proof)));
    const key = `${digest}:${signature}`;
    const good = known.get(key) ?? (await isSignedByKey(provider, digest, signature));
    known.set(key, good);
    if (!good) {
      throw new CorepoolError("bad-signature", {
        detail: `The offer for unit ${offer.unit} is not signed by ${provider} for this market.`,
        next: "Sign offers for the chain and market of the challenge.",
      });
    }
  }
}

/** Rejects with `machine-weak` for a machine that the market's rules do not take, and says what would cure it. */
function checkWeaknesses(rules: readonly string[], units: readonly UnitSpec[]): void {
  const marks = [...new Set(units.flatMap(({ isolation }) => isolation.weaknesses))];
  const refused = namedWeaknesses(marks, rules);
  if (refused.length === 0) return;
  const next = [...new Set(refused.map(cureOf))].join(" ");
  // The wire to agents carries the detail alone, so the cure is in it.
  throw new CorepoolError("machine-weak", {
    detail: `This market takes no machine with ${refused.join(", ")}. ${next}`,
    next,
    data: { weaknesses: refused },
  });
}

/** Checks an announcement, whole. Rejects with `offer-invalid`, `machine-weak` or `bad-signature`. */
export async function checkAnnouncement(
  context: MarketContext,
  machine: { readonly id: Hex; readonly provider: Address },
  announcement: Announcement,
): Promise<void> {
  const units = checkUnits(machine.id, announcement.units);
  checkWeaknesses(context.refusedWeaknesses ?? [], announcement.units);
  for (const signed of announcement.offers) checkTerms(context, machine.provider, signed, units);
  await checkSignatures(context, machine.provider, announcement.offers);
}

/**
 * Takes a checked announcement: it replaces all that the machine offered before. Repeats change nothing.
 * Rejects with `offer-invalid` when a unit number belongs to another machine.
 */
export async function announce(
  uow: Uow,
  context: MarketContext,
  machine: { readonly id: Hex; readonly provider: Address },
  { units, offers }: Announcement,
): Promise<void> {
  const numbers = units.map((spec) => spec.unit);
  const [taken] = await uow.units.elsewhere(machine.provider, machine.id, numbers);
  if (taken !== undefined) invalid(`Unit ${taken} is a unit of another machine of this provider.`);
  await uow.units.replace(
    machine.id,
    units.map((spec) => ({
      provider: machine.provider,
      unit: spec.unit,
      machine: machine.id,
      spec,
      specHash: documentHash(spec),
      devices: spec.devices,
    })),
  );
  const at = context.clock.now();
  const records = offers.map((signed): Offer => {
    const { offer } = signed;
    return {
      id: newId("ofr", context.clock, context.random),
      hash: structHash(offerData(context.domain, offer)),
      machine: machine.id,
      provider: machine.provider,
      unit: signed.spec.unit,
      token: lower(offer.token),
      rate: BigInt(offer.rate),
      minSeconds: offer.minSeconds,
      maxSeconds: offer.maxSeconds,
      notBefore: offer.notBefore,
      expiry: offer.expiry,
      client: offer.client === zeroAddress ? null : lower(offer.client),
      signed,
      createdAt: at,
    };
  });
  await uow.wake(OFFERS_WAKE);
  // The same offer twice is one offer.
  await uow.offers.replace(machine.id, [...new Map(records.map((record) => [record.hash, record])).values()]);
}
