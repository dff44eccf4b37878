import type { Address, Hex } from "@corepool/core/hex";
import type { RawLog } from "@corepool/core/ports/chain";
import { type Abi, type ContractEventName, type DecodeEventLogReturnType, decodeEventLog, toEventSelector } from "viem";
import { gpTokenAbi } from "../abi/gp-token.gen.ts";
import { leaseMarketAbi } from "../abi/lease-market.gen.ts";
import { unitRegistryAbi } from "../abi/unit-registry.gen.ts";
import { termsOfOpened } from "../lease-events.ts";
import type { TermsMessage } from "../spec.ts";

/** Where a log stands in the chain. */
export interface Place {
  readonly address: Address;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly logIndex: number;
}

type Renamed<event> = event extends { readonly eventName: infer name; readonly args: infer args }
  ? { readonly name: name; readonly args: Readonly<args> }
  : never;
type Named<abi extends Abi> = Renamed<DecodeEventLogReturnType<abi, ContractEventName<abi>, Hex[], Hex>>;

/** A lease opened: the packed words are read into its terms (paid and closeAt zero; a funder follows in LeaseFunded). */
export interface LeaseOpenedEvent {
  readonly name: "LeaseOpened";
  readonly args: {
    readonly lease: Hex;
    readonly terms: TermsMessage;
    readonly offerHash: Hex;
    readonly orderHash: Hex;
  };
}

/** Events of LeaseMarket; what each says: contracts/src/interfaces/ILeaseMarketEvents.sol. Amounts in base units. */
export type MarketEvent = (
  | Exclude<Named<typeof leaseMarketAbi>, { readonly name: "LeaseOpened" }>
  | LeaseOpenedEvent
) & { readonly place: Place };
export type RegistryEvent = Named<typeof unitRegistryAbi> & { readonly place: Place };
export type TokenEvent = Named<typeof gpTokenAbi> & { readonly place: Place };

/** The event in a log of LeaseMarket; undefined for a topic that it does not know. Throws when the data is malformed. */
export function decodeMarketEvent(log: RawLog): MarketEvent | undefined {
  const event = decode(leaseMarketAbi, log) as Named<typeof leaseMarketAbi> | undefined;
  if (event === undefined) return undefined;
  const place = placeOf(log);
  if (event.name !== "LeaseOpened") return { ...event, place };
  const { lease, offerHash, orderHash } = event.args;
  return { name: "LeaseOpened", args: { lease, terms: termsOfOpened(event.args), offerHash, orderHash }, place };
}

/** The event in a log of UnitRegistry; undefined for a topic that it does not know. */
export function decodeRegistryEvent(log: RawLog): RegistryEvent | undefined {
  const event = decode(unitRegistryAbi, log) as Named<typeof unitRegistryAbi> | undefined;
  return event === undefined ? undefined : { ...event, place: placeOf(log) };
}

/** The event in a log of a listed token (GP's events include those of any ERC-20); undefined for another topic. */
export function decodeTokenEvent(log: RawLog): TokenEvent | undefined {
  const event = decode(gpTokenAbi, log) as Named<typeof gpTokenAbi> | undefined;
  return event === undefined ? undefined : { ...event, place: placeOf(log) };
}

/** A lease's terms after one of its own events: while it is open, the contract's slot holds their hash. */
export function termsAfter(terms: TermsMessage, event: MarketEvent): TermsMessage {
  switch (event.name) {
    case "LeaseFunded":
      return { ...terms, funder: event.args.funder, fundingRef: event.args.fundingRef };
    case "LeaseSettled":
      return { ...terms, paid: String(event.args.total) };
    case "LeaseClosed":
      return { ...terms, paid: String(event.args.paid) };
    case "LeaseToppedUp":
      return { ...terms, end: event.args.end, escrow: String(event.args.escrow) };
    case "CloseRequested":
      return { ...terms, closeAt: event.args.closeAt };
    default:
      return terms;
  }
}

/** Why a lease closed, by the number in LeaseClosed. */
export const CLOSE_REASONS = ["none", "agreed", "by-provider", "requested", "expired"] as const;

/** Each event of an ABI by its topic: hashed once, not for every log. */
const byTopic = new Map<Abi, ReadonlyMap<Hex, Abi>>();

function eventOf(abi: Abi, topic: Hex): Abi | undefined {
  const known =
    byTopic.get(abi) ??
    new Map(abi.flatMap((item) => (item.type === "event" ? [[toEventSelector(item), [item]] as const] : [])));
  byTopic.set(abi, known);
  return known.get(topic);
}

function decode(abi: Abi, log: RawLog): { readonly name: string; readonly args: object } | undefined {
  const [signature, ...rest] = log.topics;
  const event = signature === undefined ? undefined : eventOf(abi, signature);
  if (signature === undefined || event === undefined) return undefined;
  const { eventName, args } = decodeEventLog({ abi: event, topics: [signature, ...rest], data: log.data });
  return eventName === undefined
    ? undefined
    : { name: eventName, args: Object.fromEntries(Object.entries(args ?? {})) };
}

function placeOf(log: RawLog): Place {
  const { address, blockNumber, blockHash, transactionHash, logIndex } = log;
  return { address, blockNumber, blockHash, transactionHash, logIndex };
}
