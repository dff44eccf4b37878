import { formatBytes } from "./bytes.ts";
import { type Address, sameAddress } from "./hex.ts";
import { formatPrice, formatRate } from "./money.ts";
import type { Failure, PlacementDimension, PlacementRequest, PlacementUnit } from "./placement-request.ts";
import { namedWeaknesses } from "./weakness.ts";

/** The GPUs of a unit that are of the asked model; all of them when none is asked. */
export function gpusOfModel(request: PlacementRequest, unit: PlacementUnit) {
  const { model } = request.resources.gpus;
  if (model === undefined) return unit.resources.gpus;
  const wanted = model.toLowerCase();
  return unit.resources.gpus.filter((gpu) => gpu.model.toLowerCase().includes(wanted));
}

const fail = (dimension: PlacementDimension, asked: string, had: string): Failure => ({ dimension, asked, had });

function checkIsolation(request: PlacementRequest, unit: PlacementUnit): Failure | undefined {
  if (request.requireCgroup && unit.limits === "rlimit") return fail("isolation", "cgroup limits", unit.limits);
  const avoided = namedWeaknesses(unit.weaknesses, request.avoidWeaknesses ?? []);
  return avoided.length === 0 ? undefined : fail("isolation", "a machine without it", avoided.join(", "));
}

type Check = (request: PlacementRequest, unit: PlacementUnit) => Failure | undefined;

function checkGpus(request: PlacementRequest, unit: PlacementUnit): Failure | undefined {
  const { count, model, memoryBytes } = request.resources.gpus;
  if (count === 0) return undefined;
  const all = unit.resources.gpus;
  if (all.length < count) return fail("gpu-count", String(count), String(all.length));
  const ofModel = gpusOfModel(request, unit);
  if (ofModel.length < count) {
    const names = [...new Set(all.map((gpu) => gpu.model))].join(", ");
    return fail("gpu-model", `${count} × ${model}`, `${ofModel.length} of it; there is ${names}`);
  }
  if (memoryBytes === undefined) return undefined;
  const large = ofModel.filter((gpu) => gpu.memoryBytes >= memoryBytes);
  if (large.length >= count) return undefined;
  return fail(
    "gpu-memory",
    `${count} × ${formatBytes(memoryBytes)}`,
    ofModel.map((g) => formatBytes(g.memoryBytes)).join(", "),
  );
}

const tokenIn = ({ tokens, token }: PlacementRequest, address: Address = token) =>
  tokens?.find((each) => sameAddress(each.address, address));

/** A token by its symbol where it is known. */
export function tokenText(request: PlacementRequest, address: Address): string {
  return tokenIn(request, address)?.symbol ?? address;
}

/** A price per time in the request's token; in base units where the token is not known. */
export function rateText(request: PlacementRequest, rate: bigint): string {
  const money = tokenIn(request);
  return money === undefined ? `${rate} base units per second` : formatRate(rate, money);
}

/** An amount in the request's token; in base units where the token is not known. */
export function amountText(request: PlacementRequest, amount: bigint): string {
  const money = tokenIn(request);
  return money === undefined ? `${amount} base units` : `${formatPrice(amount, money)} ${money.symbol}`;
}

function checkPrice(request: PlacementRequest, unit: PlacementUnit): Failure | undefined {
  const { maxRate, maxEscrow, durationSeconds } = request;
  if (maxRate !== undefined && unit.rate > maxRate) {
    return fail("price", `at most ${rateText(request, maxRate)}`, rateText(request, unit.rate));
  }
  const escrow = unit.rate * BigInt(durationSeconds);
  if (maxEscrow !== undefined && escrow > maxEscrow) {
    const needed = `${amountText(request, escrow)} for ${durationSeconds} s`;
    return fail("price", `at most ${amountText(request, maxEscrow)} of escrow`, needed);
  }
  return undefined;
}

function checkDuration(request: PlacementRequest, unit: PlacementUnit): Failure | undefined {
  const asked = request.durationSeconds;
  if (asked >= unit.minSeconds && asked <= unit.maxSeconds) return undefined;
  return fail("duration", `${asked} s`, `${unit.minSeconds} to ${unit.maxSeconds} s`);
}

function checkSoftware(request: PlacementRequest, unit: PlacementUnit): Failure | undefined {
  const missing = request.needs.filter((name) => !unit.software.includes(name));
  return missing.length === 0 ? undefined : fail("software", request.needs.join(", "), `all but ${missing.join(", ")}`);
}

function checkProvider(request: PlacementRequest, unit: PlacementUnit): Failure | undefined {
  const { providers } = request;
  if (providers !== undefined && !providers.some((allowed: Address) => sameAddress(allowed, unit.provider))) {
    return fail("provider", `one of ${providers.length} listed`, unit.provider);
  }
  if (unit.client !== undefined && !sameAddress(unit.client, request.client)) {
    return fail("provider", "an offer for you", `a private offer for ${unit.client}`);
  }
  return undefined;
}

/** Every check, in the order in which a refusal is told: what the machine is, what it costs, whether it is free. */
const CHECKS: readonly Check[] = [
  checkGpus,
  (r, u) =>
    u.resources.cpus < r.resources.cpus ? fail("cpus", String(r.resources.cpus), String(u.resources.cpus)) : undefined,
  (r, u) =>
    u.resources.memoryBytes < r.resources.memoryBytes
      ? fail("memory", formatBytes(r.resources.memoryBytes), formatBytes(u.resources.memoryBytes))
      : undefined,
  (r, u) =>
    u.resources.diskBytes < r.resources.diskBytes
      ? fail("disk", formatBytes(r.resources.diskBytes), formatBytes(u.resources.diskBytes))
      : undefined,
  checkIsolation,
  checkSoftware,
  (r, u) => (sameAddress(r.token, u.token) ? undefined : fail("token", tokenText(r, r.token), tokenText(r, u.token))),
  checkPrice,
  checkDuration,
  checkProvider,
  (r, u) =>
    r.at > u.expiry || r.at < u.notBefore
      ? fail("offer-expired", `open at ${r.at}`, `from ${u.notBefore} to ${u.expiry}`)
      : undefined,
  (_, u) => (u.online ? undefined : fail("offline", "connected", "offline")),
  (_, u) => (u.busy ? fail("busy", "free", "leased") : undefined),
];

/** Everything that keeps the unit from taking the workload; empty when it fits. */
export function failuresOf(request: PlacementRequest, unit: PlacementUnit): Failure[] {
  const failures: Failure[] = [];
  for (const check of CHECKS) {
    const failure = check(request, unit);
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}
