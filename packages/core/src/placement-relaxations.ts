import { formatBytes } from "./bytes.ts";
import { amountText, failuresOf, gpusOfModel, rateText, tokenText } from "./placement-checks.ts";
import type { PlacementDimension, PlacementRequest, PlacementUnit, Refused } from "./placement-request.ts";
import { namedWeaknesses } from "./weakness.ts";

/** A single change to a request that admits at least one refused unit. */
export interface Relaxation {
  readonly dimension: PlacementDimension;
  /** What to change, for people. */
  readonly change: string;
  /** How many units it admits. */
  readonly offers: number;
  /** The changed request; undefined where only waiting helps (the unit is busy, offline, or its offer not open). */
  readonly relaxed: PlacementRequest | undefined;
}

interface Proposal {
  readonly change: string;
  readonly relaxed: PlacementRequest | undefined;
  /** How far from what was asked, comparable within one dimension and, roughly, across: a ratio of at least 0. */
  readonly cost: number;
}

/** Asking costs more than waiting; giving up a named wish costs more than a smaller number. */
const WAIT = 0.05;
const WISH = 2;

const less = (asked: number, had: number) => (asked === 0 ? 0 : (asked - had) / asked);

function fewerGpus(request: PlacementRequest, unit: PlacementUnit): Proposal {
  const { gpus } = request.resources;
  const count = unit.resources.gpus.length;
  return {
    change: count === 0 ? "ask for no GPU" : `ask for ${count} GPUs`,
    relaxed: { ...request, resources: { ...request.resources, gpus: { ...gpus, count } } },
    cost: less(gpus.count, count),
  };
}

function otherModel(request: PlacementRequest): Proposal {
  const { count, memoryBytes } = request.resources.gpus;
  const gpus = { count, ...(memoryBytes === undefined ? {} : { memoryBytes }) };
  return {
    change: "take any GPU model",
    relaxed: { ...request, resources: { ...request.resources, gpus } },
    cost: WISH,
  };
}

function smallerGpus(request: PlacementRequest, unit: PlacementUnit): Proposal {
  const { gpus } = request.resources;
  const sizes = gpusOfModel(request, unit)
    .map((gpu) => gpu.memoryBytes)
    .sort((a, b) => b - a);
  const memoryBytes = sizes[gpus.count - 1] ?? 0;
  return {
    change: `ask for ${formatBytes(memoryBytes)} of GPU memory`,
    relaxed: { ...request, resources: { ...request.resources, gpus: { ...gpus, memoryBytes } } },
    cost: less(gpus.memoryBytes ?? 0, memoryBytes),
  };
}

function higherPrice(request: PlacementRequest, unit: PlacementUnit): Proposal {
  const escrow = unit.rate * BigInt(request.durationSeconds);
  const rate = request.maxRate === undefined || request.maxRate >= unit.rate ? request.maxRate : unit.rate;
  const most = request.maxEscrow === undefined || request.maxEscrow >= escrow ? request.maxEscrow : escrow;
  const parts = [
    ...(rate === request.maxRate ? [] : [`pay up to ${rateText(request, unit.rate)}`]),
    ...(most === request.maxEscrow ? [] : [`allow an escrow of ${amountText(request, escrow)}`]),
  ];
  const asked = request.maxRate === undefined || rate === request.maxRate ? request.maxEscrow : request.maxRate;
  const needed = asked === request.maxRate ? unit.rate : escrow;
  const permille = asked === undefined || asked === 0n ? 10_000n : ((needed - asked) * 1000n) / asked;
  return {
    change: parts.join(" and "),
    relaxed: { ...request, maxRate: rate, maxEscrow: most },
    cost: Number(permille) / 1000,
  };
}

function otherDuration(request: PlacementRequest, unit: PlacementUnit): Proposal {
  const asked = request.durationSeconds;
  const durationSeconds = Math.min(Math.max(asked, unit.minSeconds), unit.maxSeconds);
  return {
    change: `ask for ${durationSeconds} s`,
    relaxed: { ...request, durationSeconds },
    cost: Math.abs(asked - durationSeconds) / Math.max(asked, 1),
  };
}

function withoutSoftware(request: PlacementRequest, unit: PlacementUnit): Proposal {
  const missing = request.needs.filter((name) => !unit.software.includes(name));
  return {
    change: `do without ${missing.join(", ")}`,
    relaxed: { ...request, needs: request.needs.filter((name) => unit.software.includes(name)) },
    cost: WISH * missing.length,
  };
}

function weakerIsolation(request: PlacementRequest, unit: PlacementUnit): Proposal {
  const { avoidWeaknesses = [] } = request;
  const accepted = namedWeaknesses(unit.weaknesses, avoidWeaknesses);
  const gives = request.requireCgroup && unit.limits === "rlimit";
  const parts = [
    ...(gives ? ["accept no cgroup limits"] : []),
    ...(accepted.length > 0 ? [`accept a machine with ${accepted.join(", ")}`] : []),
  ];
  // One rule that names all cannot be kept for the others: whoever accepts some of them drops it.
  const kept = avoidWeaknesses.filter((rule) => namedWeaknesses(accepted, [rule]).length === 0);
  return {
    change: parts.join(" and "),
    relaxed: { ...request, requireCgroup: request.requireCgroup && !gives, avoidWeaknesses: kept },
    cost: WISH * 2 * parts.length,
  };
}

function otherProvider(request: PlacementRequest, unit: PlacementUnit): Proposal | undefined {
  // A private offer for somebody else is not to be had by asking differently.
  if (unit.client !== undefined && unit.client.toLowerCase() !== request.client.toLowerCase()) return undefined;
  const providers = [...(request.providers ?? []), unit.provider];
  return { change: `allow provider ${unit.provider}`, relaxed: { ...request, providers }, cost: WISH };
}

function smaller(request: PlacementRequest, field: "cpus" | "memoryBytes" | "diskBytes", had: number): Proposal {
  const name = { cpus: "cores", memoryBytes: "memory", diskBytes: "disk" }[field];
  const amount = field === "cpus" ? String(had) : formatBytes(had);
  return {
    change: field === "cpus" ? `ask for ${amount} ${name}` : `ask for ${amount} of ${name}`,
    relaxed: { ...request, resources: { ...request.resources, [field]: had } },
    cost: less(request.resources[field], had),
  };
}

function propose(request: PlacementRequest, unit: PlacementUnit, dimension: PlacementDimension): Proposal | undefined {
  switch (dimension) {
    case "cpus":
      return smaller(request, "cpus", unit.resources.cpus);
    case "memory":
      return smaller(request, "memoryBytes", unit.resources.memoryBytes);
    case "disk":
      return smaller(request, "diskBytes", unit.resources.diskBytes);
    case "gpu-count":
      return fewerGpus(request, unit);
    case "gpu-model":
      return otherModel(request);
    case "gpu-memory":
      return smallerGpus(request, unit);
    case "price":
      return higherPrice(request, unit);
    case "token":
      return {
        change: `pay in ${tokenText(request, unit.token)}`,
        relaxed: { ...request, token: unit.token },
        cost: WISH,
      };
    case "duration":
      return otherDuration(request, unit);
    case "isolation":
      return weakerIsolation(request, unit);
    case "software":
      return withoutSoftware(request, unit);
    case "provider":
      return otherProvider(request, unit);
    case "busy":
      return { change: "wait until a unit is free", relaxed: undefined, cost: WAIT };
    case "offline":
      return { change: "wait until a machine is back", relaxed: undefined, cost: WAIT * 4 };
    case "offer-expired":
      return { change: "wait for a new offer", relaxed: undefined, cost: WAIT * 8 };
  }
}

/**
 * For each dimension the smallest change that admits a unit which lacks nothing else, cheapest first. What a change
 * admits is found by placing again, so a promise made here is kept.
 */
export function relaxationsOf(request: PlacementRequest, refused: readonly Refused<PlacementUnit>[]): Relaxation[] {
  const best = new Map<PlacementDimension, Proposal>();
  for (const { unit, failures } of refused) {
    const { dimension } = failures[0];
    if (failures.length > 1) continue;
    const proposal = propose(request, unit, dimension);
    if (proposal === undefined) continue;
    // A GPU of another model may still be too small: then it takes two changes.
    if (proposal.relaxed !== undefined && failuresOf(proposal.relaxed, unit).length > 0) continue;
    const known = best.get(dimension);
    if (known === undefined || proposal.cost < known.cost) best.set(dimension, proposal);
  }
  return [...best]
    .sort(([, a], [, b]) => a.cost - b.cost)
    .map(([dimension, { change, relaxed }]) => ({
      dimension,
      change,
      relaxed,
      offers: refused.filter(({ unit, failures }) =>
        relaxed === undefined
          ? failures.length === 1 && failures[0].dimension === dimension
          : failuresOf(relaxed, unit).length === 0,
      ).length,
    }));
}
