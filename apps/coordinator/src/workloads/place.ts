import { CorepoolError } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import type { Placement } from "@corepool/core/placement";
import { escrowOf, place } from "@corepool/core/placement";
import type { PlacementRequest, PlacementUnit, Refused } from "@corepool/core/placement-request";
import type { PlacementView, Refusal } from "@corepool/protocol/resources";
import type { Constraints, JobSpec } from "@corepool/protocol/spec";
import { lower, type MarketContext, secondsOf } from "../market/context.ts";
import type { OfferWithState, PlacedOffer, Uow } from "../market/documents.ts";
import { editsOf } from "./relaxation-edits.ts";

/** A shown offer is kept free for its client so long, when another of the same price is free for the next. */
const RESERVED_MS = 10_000;
/** Most offers that a refusal is told of. */
const EXPLAINED = 200;
/** Most offers that are weighed for one workload; the cheapest come first. */
const WEIGHED = 5_000;

interface OfferUnit extends PlacementUnit {
  readonly offer: OfferWithState;
}

const unitOf = (offer: OfferWithState, reserved: boolean): OfferUnit => ({
  offer,
  offerId: offer.id,
  machine: offer.machine,
  unit: offer.unit,
  provider: offer.provider,
  resources: offer.spec.resources,
  software: offer.spec.software,
  limits: offer.spec.isolation.limits,
  weaknesses: offer.spec.isolation.weaknesses,
  token: offer.token,
  rate: offer.rate,
  minSeconds: offer.minSeconds,
  maxSeconds: offer.maxSeconds,
  notBefore: offer.notBefore,
  expiry: offer.expiry,
  client: offer.client ?? undefined,
  online: offer.online,
  busy: offer.busy,
  reserved,
});

/** What a spec and its constraints ask of a unit. Asked by nobody in particular, private offers do not count. */
export function requestOf(
  spec: JobSpec,
  constraints: Constraints,
  client: Address,
  at: number,
  tokens: MarketContext["tokens"] = [],
): PlacementRequest {
  return {
    resources: spec.resources,
    durationSeconds: spec.durationSeconds,
    needs: spec.needs,
    token: lower(constraints.token),
    tokens,
    maxRate: constraints.maxRate === undefined ? undefined : BigInt(constraints.maxRate),
    maxEscrow: constraints.maxEscrow === undefined ? undefined : BigInt(constraints.maxEscrow),
    providers: constraints.providers,
    requireCgroup: constraints.requireCgroup,
    avoidWeaknesses: constraints.avoidWeaknesses,
    client,
    at,
  };
}

/** Weighs offers for a request: those the prefilter keeps; when none of them fits, all, to say why. */
export async function weigh(
  uow: Uow,
  context: MarketContext,
  request: PlacementRequest,
): Promise<Placement<OfferUnit>> {
  const reserved = await uow.offers.reserved(context.clock.now() - RESERVED_MS);
  const weighed = async (filter: Parameters<Uow["offers"]["matching"]>[0], limit: number) => {
    const offers = await uow.offers.matching(filter, limit);
    return place(
      request,
      offers.map((offer) => unitOf(offer, reserved.has(offer.id))),
    );
  };
  const placement = await weighed(
    {
      token: request.token,
      cpus: request.resources.cpus,
      memoryBytes: request.resources.memoryBytes,
      diskBytes: request.resources.diskBytes,
      gpus: request.resources.gpus.count,
      maxRate: request.maxRate,
      durationSeconds: request.durationSeconds,
      at: request.at,
      free: true,
    },
    WEIGHED,
  );
  return placement.candidates.length > 0 ? placement : weighed({}, EXPLAINED);
}

const refusalView = ({ unit, failures: [first, ...also] }: Refused<OfferUnit>): Refusal => ({
  machine: unit.machine,
  unit: unit.unit,
  provider: unit.provider,
  ...first,
  also,
});

/** A placement as the API shows it. */
export function placementView(placement: Placement<OfferUnit>, request: PlacementRequest): PlacementView {
  return {
    considered: placement.considered,
    candidates: placement.candidates.slice(0, EXPLAINED).map(({ offer }) => ({
      offerId: offer.id,
      provider: offer.provider,
      machine: offer.machine,
      unit: offer.unit,
      rate: String(offer.rate),
      escrow: String(escrowOf(offer.rate, request.durationSeconds)),
      spec: offer.spec,
    })),
    refusals: placement.refused.map(refusalView),
    relaxations: placement.relaxations.map(({ dimension, change, offers, relaxed }) => ({
      dimension,
      change,
      offers,
      edits: relaxed === undefined ? null : editsOf(request, relaxed),
    })),
  };
}

/** The refusal of a workload that nobody can take: with every reason and the cheapest changes. */
export function noPlacement(placement: Placement<OfferUnit>, request: PlacementRequest): CorepoolError {
  const { refusals, relaxations, considered } = placementView(placement, request);
  const [first] = relaxations;
  return new CorepoolError("no-placement", {
    detail:
      considered === 0
        ? "There is no open offer at all."
        : `None of ${considered} open offers can take this workload now.`,
    next:
      first === undefined
        ? "Ask for less, pay more, or wait for other machines; the reasons name what each one lacks."
        : `The smallest change that helps: ${first.change} (${first.offers} ${first.offers === 1 ? "offer" : "offers"}).`,
    data: { reasons: refusals, relaxations },
  });
}

/** The constraints of a workload, and those that its mandate adds: of the providers that both allow. */
async function constrained(
  uow: Uow,
  workload: { readonly constraints: Constraints; readonly mandate: string | null },
): Promise<Constraints> {
  const { constraints } = workload;
  const mandate = workload.mandate === null ? undefined : await uow.mandates.get(workload.mandate);
  if (mandate === undefined || mandate.providers.length === 0) return constraints;
  const wanted = constraints.providers?.map(lower);
  return { ...constraints, providers: mandate.providers.filter((each) => wanted?.includes(each) ?? true) };
}

/** Chooses the best offer for a workload. Rejects with `no-placement`. */
export async function chooseOffer(
  uow: Uow,
  context: MarketContext,
  workload: {
    readonly spec: JobSpec;
    readonly constraints: Constraints;
    readonly account: Address;
    readonly mandate: string | null;
  },
): Promise<PlacedOffer> {
  const constraints = await constrained(uow, workload);
  const request = requestOf(workload.spec, constraints, workload.account, secondsOf(context.clock), context.tokens);
  const placement = await weigh(uow, context, request);
  const [best] = placement.candidates;
  if (best === undefined) throw noPlacement(placement, request);
  const { offer } = best;
  const machine = await uow.machines.get(offer.machine);
  if (machine === undefined) throw new Error(`offer ${offer.id} belongs to no machine`);
  return {
    offerId: offer.id,
    signed: offer.signed,
    escrow: escrowOf(offer.rate, request.durationSeconds),
    leaseSeq: (await uow.chain.unit(offer.provider, offer.unit)).nextSeq,
    providerPublicKey: machine.publicKey,
    refusals: placement.refused.map(refusalView).slice(0, EXPLAINED),
  };
}
