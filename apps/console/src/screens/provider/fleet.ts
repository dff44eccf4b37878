import { type Address, sameAddress } from "@corepool/core/hex";
import type { MachineView, OfferView, OwnMachine } from "@corepool/protocol/resources";
import { bytesText } from "../../kit/values/quantities.ts";
import type { Sums } from "./attribution.ts";

/** A machine and what stands in the market of it. */
export interface FleetRow {
  readonly machine: MachineView;
  readonly offers: readonly OfferView[];
  /** Units that are leased now. */
  readonly leased: number;
  /** Marks of known weaknesses, each once. */
  readonly weaknesses: readonly string[];
  /** Where its open offers have it paid; empty while it has none. */
  readonly payTo: readonly Address[];
  /** What only its owner sees; absent for a machine that merely pays the account, or is somebody else's. */
  readonly own?: OwnMachine | undefined;
}

/**
 * What the market shows of one machine, by the offers of it. Several units may share devices, so a lease can take more
 * than one of them.
 */
export function fleetRow(machine: MachineView, offers: readonly OfferView[], own?: OwnMachine): FleetRow {
  return {
    machine,
    offers,
    leased: new Set(offers.filter((each) => each.busy).map((each) => each.signed.offer.unit)).size,
    weaknesses: [...new Set(machine.units.flatMap((unit) => unit.isolation.weaknesses))],
    payTo: [...new Set(offers.map((each) => each.signed.offer.payTo))],
    own,
  };
}

/** Machines, each with its offers and with what only its owner is told. */
export function fleetOf(
  machines: readonly MachineView[],
  offers: readonly OfferView[],
  owned: readonly OwnMachine[],
): readonly FleetRow[] {
  const offersOf = Map.groupBy(offers, (each) => each.machine);
  const ownOf = new Map(owned.map((each) => [each.id, each]));
  return machines.map((machine) => fleetRow(machine, offersOf.get(machine.id) ?? [], ownOf.get(machine.id)));
}

/** The lowest and the highest price of open offers, base units per second, in the token of the first. */
export function priceRange(
  offers: readonly OfferView[],
): { readonly token: Address; readonly low: bigint; readonly high: bigint } | undefined {
  const token = offers[0]?.signed.offer.token;
  if (token === undefined) return undefined;
  const rates = offers
    .filter((each) => sameAddress(each.signed.offer.token, token))
    .map((each) => BigInt(each.signed.offer.rate));
  return rates.reduce(
    (range, rate) => ({ token, low: rate < range.low ? rate : range.low, high: rate > range.high ? rate : range.high }),
    { token, low: rates[0] ?? 0n, high: 0n },
  );
}

/** What a machine is made of, in a line. */
export function hardwareOf(row: FleetRow): string {
  const { units } = row.machine;
  const most = units.toSorted((a, b) => b.resources.cpus - a.resources.cpus)[0];
  if (most === undefined) return "–";
  const gpus = new Map(units.flatMap((unit) => unit.resources.gpus.map((gpu) => [gpu.id, gpu.model] as const)));
  const models = Map.groupBy(gpus.values(), (model) => model);
  return [
    ...[...models].map(([model, list]) => `${list.length} × ${model}`),
    most.platform.cpuModel,
    bytesText(Math.max(...units.map((unit) => unit.resources.memoryBytes))),
  ].join(" · ");
}

/** What a machine has earned on the days since `from` (ISO date), as its owner is told it: a month at most. */
export function ownEarned(row: FleetRow, from: string): Sums {
  const sums = new Map<string, bigint>();
  for (const { day, token, earned } of row.own?.earnings ?? [])
    if (day >= from) sums.set(token.toLowerCase(), (sums.get(token.toLowerCase()) ?? 0n) + BigInt(earned));
  return sums;
}

/**
 * The larger of two sums, token by token. What the ledger attributes reaches far back but knows only what was paid to this
 * account; what the owner is told knows every payee but a month only. Neither can be too much.
 */
export function larger(a: Sums | undefined, b: Sums | undefined): Sums {
  const sums = new Map(a);
  for (const [token, sum] of b ?? []) if (sum > (sums.get(token) ?? 0n)) sums.set(token, sum);
  return sums;
}
