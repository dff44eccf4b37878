import { CorepoolError } from "@corepool/core/errors";
import { type Address, sameAddress } from "@corepool/core/hex";
import { namedWeaknesses } from "@corepool/core/weakness";
import type { MarketDomain } from "@corepool/protocol/eip712";
import { digestOf, documentHash, offerBatchData, offerData } from "@corepool/protocol/eip712";
import { merkleRootOf } from "@corepool/protocol/merkle";
import type { Constraints, JobSpec, SignedOffer } from "@corepool/protocol/spec";
import { hashStruct, keccak256, recoverAddress, zeroAddress } from "viem";

/** What the client's own software insists on, whatever the coordinator chose. */
export interface OwnLimits {
  readonly client: Address;
  readonly constraints: Constraints;
  readonly spec: JobSpec;
  /** Seconds since the epoch. */
  readonly now: number;
  /** Largest grace the client accepts, seconds: rate × (interval + grace) is what a vanished machine can cost. */
  readonly maxGraceSeconds: number;
}

function refuse(detail: string): never {
  throw new CorepoolError("offer-invalid", {
    detail: `The placed offer was not accepted: ${detail}.`,
    next: "Nothing was signed. Try again, or name another provider.",
  });
}

/** Whether the provider signed these very terms, alone or as a leaf of a batch. */
export async function signedByProvider(domain: MarketDomain, signed: SignedOffer): Promise<boolean> {
  const { offer, proof, signature } = signed;
  const data = offerData(domain, offer);
  let digest = digestOf(data);
  if (proof.length > 0) {
    const struct = hashStruct({ data: data.message, primaryType: data.primaryType, types: data.types } as Parameters<
      typeof hashStruct
    >[0]);
    digest = digestOf(offerBatchData(domain, merkleRootOf(keccak256(struct), proof)));
  }
  const signer = await recoverAddress({ hash: digest, signature }).catch(() => undefined);
  return signer !== undefined && sameAddress(signer, offer.provider);
}

/**
 * Checks a placed offer before anything is signed: the provider's signature, the hash of the unit's specification, the
 * price, the times, and that the unit is what was asked for. Rejects with `offer-invalid` or `offer-gone`.
 */
export async function checkOffer(domain: MarketDomain, signed: SignedOffer, limits: OwnLimits): Promise<void> {
  const { offer, spec: unit } = signed;
  const { constraints, spec: job } = limits;
  if (documentHash(unit) !== offer.spec) refuse("its specification is not the one the provider signed");
  if (String(unit.unit) !== offer.unit) refuse("its specification describes another unit");
  if (!sameAddress(offer.token, constraints.token)) refuse("it is in another token");
  if (offer.client !== zeroAddress && !sameAddress(offer.client, limits.client))
    refuse("it is private to somebody else");
  if (constraints.providers !== undefined && !constraints.providers.some((p) => sameAddress(p, offer.provider)))
    refuse("its provider is not among those you named");
  if (constraints.maxRate !== undefined && BigInt(offer.rate) > BigInt(constraints.maxRate))
    refuse("it is dearer than your highest rate");
  const escrow = BigInt(offer.rate) * BigInt(job.durationSeconds);
  if (constraints.maxEscrow !== undefined && escrow > BigInt(constraints.maxEscrow))
    refuse("it would lock more than your highest escrow");
  if (job.durationSeconds < offer.minSeconds || job.durationSeconds > offer.maxSeconds)
    refuse(`it takes leases of ${offer.minSeconds} to ${offer.maxSeconds} s`);
  if (offer.grace > limits.maxGraceSeconds)
    refuse(`its grace of ${offer.grace} s is longer than the ${limits.maxGraceSeconds} s you accept`);
  if (
    unit.resources.cpus < job.resources.cpus ||
    unit.resources.memoryBytes < job.resources.memoryBytes ||
    unit.resources.diskBytes < job.resources.diskBytes ||
    unit.resources.gpus.length < job.resources.gpus.count
  ) {
    refuse("the unit is smaller than what was asked");
  }
  if (constraints.requireCgroup && unit.isolation.limits === "rlimit") refuse("its sandbox has no cgroup limits");
  const avoided = namedWeaknesses(unit.isolation.weaknesses, constraints.avoidWeaknesses ?? []);
  if (avoided.length > 0) refuse(`its machine has ${avoided.join(", ")}`);
  if (!(await signedByProvider(domain, signed))) refuse("the signature is not its provider's");
  if (offer.notBefore > limits.now || offer.expiry < limits.now) {
    throw new CorepoolError("offer-gone", {
      detail: "The placed offer is not open now.",
      next: "Place the workload again.",
    });
  }
}
