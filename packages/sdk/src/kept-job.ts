import { address, hex } from "@corepool/protocol/primitives";
import { constraints, jobSpec } from "@corepool/protocol/spec";
import { z } from "zod";
import { leaseKeyOf } from "./lease-key.ts";
import type { Ordered } from "./run.ts";
import type { WatchProgress } from "./watch.ts";

/**
 * What it takes to pay a workload from another process: its lease key and how far it is paid. Secret: whoever has it can
 * pay out the lease's escrow to its provider, and nothing else.
 */
export const keptJob = z.object({
  workload: z.string(),
  /** Of the coordinator. */
  url: z.string(),
  wish: z.object({ spec: jobSpec, constraints, maxGraceSeconds: z.int().nonnegative() }),
  domain: z.object({ chainId: z.int(), market: address }),
  lease: hex,
  leaseKey: hex,
  client: address,
  provider: address,
  providerPublicKey: hex,
  token: address,
  rate: z.string(),
  escrow: z.string(),
  graceSeconds: z.int(),
  provenMs: z.number(),
  total: z.string(),
});
export type KeptJob = z.infer<typeof keptJob>;

/** An ordered workload as plain JSON, to be kept. */
export function keptJobOf(url: string, ordered: Ordered, progress: WatchProgress): KeptJob {
  const { lease } = ordered;
  return {
    workload: ordered.workload,
    url,
    wish: ordered.wish,
    domain: lease.domain,
    lease: lease.lease,
    leaseKey: lease.key.privateKey,
    client: lease.client,
    provider: lease.provider,
    providerPublicKey: lease.providerPublicKey,
    token: lease.token,
    rate: String(lease.rate),
    escrow: String(lease.escrow),
    graceSeconds: lease.graceSeconds,
    provenMs: progress.provenMs,
    total: String(progress.total),
  };
}

/** The ordered workload that was kept, and how far it was paid. */
export function orderedOf(job: KeptJob): { readonly ordered: Ordered; readonly saved: WatchProgress } {
  return {
    saved: { provenMs: job.provenMs, total: BigInt(job.total) },
    ordered: {
      workload: job.workload,
      wish: job.wish,
      lease: {
        domain: job.domain,
        lease: job.lease,
        key: leaseKeyOf(job.leaseKey),
        client: job.client,
        provider: job.provider,
        providerPublicKey: job.providerPublicKey,
        token: job.token,
        rate: BigInt(job.rate),
        escrow: BigInt(job.escrow),
        graceSeconds: job.graceSeconds,
      },
    },
  };
}
