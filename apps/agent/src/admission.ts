import { CorepoolError } from "@corepool/core/errors";
import { type Hex, sameAddress } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import type { Clock } from "@corepool/core/ports/clock";
import { digestOf, documentHash, leaseId, type MarketDomain, workloadBindingData } from "@corepool/protocol/eip712";
import { termsAreLive } from "@corepool/protocol/market/reads";
import type { OfferMessage, UnitSpec } from "@corepool/protocol/spec";
import { recoverAddress } from "viem";
import { publicKeyToAddress } from "viem/accounts";
import type { Assignment } from "./journal-entries.ts";

/** What the agent offers now, by unit: the specification and an offer in each token. */
export interface OwnUnit {
  readonly spec: UnitSpec;
  readonly offers: readonly OfferMessage[];
}

/** What an assignment is measured against. */
export interface AdmissionContext {
  readonly domain: MarketDomain;
  readonly provider: Hex;
  readonly units: readonly OwnUnit[];
  /** Leases that live here, with the devices of their units. */
  readonly busy: readonly { readonly lease: Hex; readonly devices: readonly string[] }[];
  /** Seconds since the epoch. */
  readonly now: number;
}

function refuse(detail: string, next = "Place the workload elsewhere."): never {
  throw new CorepoolError("agent-refused", { detail: `The agent refused the assignment: ${detail}.`, next });
}

/**
 * Whether the lease can be ours at all: its id, provider, unit and key belong together. What fails here is not a lease
 * that this agent could close.
 * @throws CorepoolError `agent-refused`
 */
export function ownUnit(work: Pick<Assignment, "lease" | "terms">, context: AdmissionContext): OwnUnit {
  const { terms } = work;
  if (!sameAddress(terms.provider, context.provider)) refuse("the lease is another provider's");
  if (leaseId(context.domain, terms.provider, BigInt(terms.unit), terms.seq).toLowerCase() !== work.lease.toLowerCase())
    refuse("the lease's id does not belong to its terms");
  const own = context.units.find(({ spec }) => String(spec.unit) === terms.unit);
  if (own === undefined) refuse(`this machine has no unit ${terms.unit}`);
  return own;
}

/**
 * Whether the lease was opened for this very workload: its key signed the specification. Without that a coordinator
 * could have anything served on a client's money.
 * @throws CorepoolError `agent-refused`
 */
export async function boundToLease({ terms, spec, binding }: Assignment, domain: MarketDomain): Promise<void> {
  const hash = digestOf(workloadBindingData(domain, terms.client, terms.key, documentHash(spec)));
  const signer = await recoverAddress({ hash, signature: binding }).catch(() => undefined);
  if (signer === undefined || !sameAddress(signer, terms.key))
    refuse("the lease's key has not signed for this workload", "Assign what the client's software signed for.");
}

/**
 * Whether the provider has not agreed to close the lease unserved: that agreement, wherever it is kept, ends the lease
 * with nothing paid at any time.
 * @throws CorepoolError `agent-refused`
 */
export function notReleased({ lease }: Assignment, released: ReadonlyMap<string, unknown>): void {
  if (released.has(lease.toLowerCase())) refuse("the provider has agreed to close this lease unserved");
}

/**
 * Whether this machine will serve the work under these terms. The lease is ours; what is refused here can be closed at
 * once, and the client gets everything back.
 * @throws CorepoolError `agent-refused`
 */
export function admit(work: Assignment, own: OwnUnit, context: AdmissionContext): void {
  const { terms, spec } = work;
  if (!sameAddress(addressOf(work.leasePublicKey), terms.key)) refuse("the public key is not the lease key's");
  const offer = own.offers.find((each) => sameAddress(each.token, terms.token));
  if (offer === undefined) refuse(`this unit is not offered in token ${terms.token}`);
  if (BigInt(terms.rate) < BigInt(offer.rate)) refuse(`its rate of ${terms.rate} is below the ${offer.rate} offered`);
  if (!sameAddress(terms.payTo, offer.payTo)) refuse("it pays to another account");
  if (terms.grace < offer.grace) refuse(`its grace of ${terms.grace} s is shorter than the ${offer.grace} s offered`);
  if (terms.end <= context.now) refuse("the lease has ended");
  const wanted = spec.resources;
  const had = own.spec.resources;
  if (wanted.cpus > had.cpus) refuse(`it wants ${wanted.cpus} CPUs and the unit has ${had.cpus}`);
  if (wanted.memoryBytes > had.memoryBytes)
    refuse(`it wants ${wanted.memoryBytes} bytes of memory and the unit has ${had.memoryBytes}`);
  if (wanted.diskBytes > had.diskBytes)
    refuse(`it wants ${wanted.diskBytes} bytes of disk and the unit has ${had.diskBytes}`);
  const inputBytes = spec.inputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (inputBytes > had.diskBytes)
    refuse(`its inputs of ${inputBytes} bytes are more than the unit's disk of ${had.diskBytes}`);
  const fitting = had.gpus.filter(
    (gpu) =>
      (wanted.gpus.model === undefined || gpu.model.toLowerCase().includes(wanted.gpus.model.toLowerCase())) &&
      gpu.memoryBytes >= (wanted.gpus.memoryBytes ?? 0),
  );
  if (wanted.gpus.count > fitting.length) refuse(`it wants ${wanted.gpus.count} GPUs and ${fitting.length} fit`);
  const missing = spec.needs.filter((need) => !own.spec.software.includes(need));
  if (missing.length > 0) refuse(`it needs ${missing.join(", ")}, which is not here`);
  for (const other of context.busy) {
    const shared = other.devices.find((device) => own.spec.devices.includes(device));
    if (shared !== undefined) refuse(`${shared} is leased to ${other.lease} already`);
  }
}

function addressOf(publicKey: Hex): string {
  try {
    return publicKeyToAddress(publicKey);
  } catch {
    return "";
  }
}

const LAG_MS = 10_000;
const LOOK_AGAIN_MS = 250;

/**
 * Waits until the chain shows these very terms as live. The agent's node may lag behind the coordinator's by a block,
 * so a miss is looked at again for a while.
 * @throws CorepoolError `agent-refused`, or `chain-unavailable`, after which the coordinator may ask again
 */
export async function seeOnChain(
  work: Pick<Assignment, "lease" | "terms">,
  chain: ChainReader,
  domain: MarketDomain,
  clock: Clock,
): Promise<void> {
  const until = clock.monotonic() + LAG_MS;
  for (;;) {
    try {
      if (await termsAreLive(chain, domain.market, work.terms)) return;
    } catch (error) {
      if (clock.monotonic() >= until) throw error;
    }
    if (clock.monotonic() >= until) refuse("the chain does not show this lease as open with these terms");
    await clock.sleep(LOOK_AGAIN_MS);
  }
}
