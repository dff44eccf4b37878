import { failuresOf } from "./placement-checks.ts";
import { type Relaxation, relaxationsOf } from "./placement-relaxations.ts";
import type { PlacementRequest, PlacementUnit, Refused } from "./placement-request.ts";

export interface Placement<U extends PlacementUnit> {
  readonly considered: number;
  /** All units that fit, best first. */
  readonly candidates: readonly U[];
  readonly refused: readonly Refused<U>[];
  /** The smallest single changes that would admit at least one unit, cheapest first; empty when some unit fits. */
  readonly relaxations: readonly Relaxation[];
}

/** What a lease of the unit for the asked duration puts in escrow. */
export function escrowOf(rate: bigint, durationSeconds: number): bigint {
  return rate * BigInt(durationSeconds);
}

/** How much of a unit the workload leaves idle: of two units of one price the tighter fit is better. */
function slack(request: PlacementRequest, unit: PlacementUnit): number {
  return (
    (unit.resources.gpus.length - request.resources.gpus.count) * 1e6 +
    (unit.resources.cpus - request.resources.cpus) * 1e3 +
    (unit.resources.memoryBytes - request.resources.memoryBytes) / 2 ** 30
  );
}

function better(request: PlacementRequest, a: PlacementUnit, b: PlacementUnit): number {
  if (a.rate !== b.rate) return a.rate < b.rate ? -1 : 1;
  if (a.reserved !== b.reserved) return a.reserved ? 1 : -1;
  const difference = slack(request, a) - slack(request, b);
  if (difference !== 0) return difference;
  return a.offerId < b.offerId ? -1 : a.offerId > b.offerId ? 1 : 0;
}

/**
 * Places a workload: fit, then price. Pure. A unit fits when nothing in `failuresOf` fails; every other unit is
 * refused with all that fails.
 */
export function place<U extends PlacementUnit>(request: PlacementRequest, units: readonly U[]): Placement<U> {
  const candidates: U[] = [];
  const refused: Refused<U>[] = [];
  for (const unit of units) {
    const [first, ...rest] = failuresOf(request, unit);
    if (first === undefined) candidates.push(unit);
    else refused.push({ unit, failures: [first, ...rest] });
  }
  candidates.sort((a, b) => better(request, a, b));
  return {
    considered: units.length,
    candidates,
    refused,
    relaxations: candidates.length > 0 ? [] : relaxationsOf(request, refused),
  };
}
