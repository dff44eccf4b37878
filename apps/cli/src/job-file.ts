import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import { address, hex } from "@corepool/protocol/primitives";
import { constraints, jobSpec } from "@corepool/protocol/spec";
import { leaseKeyOf } from "@corepool/sdk/lease-key";
import type { Ordered } from "@corepool/sdk/run";
import type { WatchProgress } from "@corepool/sdk/watch";
import { z } from "zod";
import { readJson, writePrivate } from "./files.ts";
import type { Home } from "./home.ts";

const schema = z.object({
  workload: z.string(),
  url: z.string(),
  wish: z.object({ spec: jobSpec, constraints }),
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

const fileOf = (home: Home, id: string): string => {
  if (!/^wkl_[0-9a-z]+$/.test(id))
    throw new CorepoolError("bad-usage", {
      detail: `"${id}" is not a job's id.`,
      next: "Ids start with wkl_; corepool jobs lists them.",
    });
  return join(home.jobs, `${id}.json`);
};

/** Keeps what is needed to pay a workload from another process: its lease key and how far it is paid. Owner only. */
export async function saveJob(home: Home, url: string, ordered: Ordered, progress: WatchProgress): Promise<void> {
  const { lease } = ordered;
  await mkdir(home.jobs, { recursive: true, mode: 0o700 });
  await chmod(home.jobs, 0o700);
  const value: z.infer<typeof schema> = {
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
  await writePrivate(fileOf(home, ordered.workload), `${JSON.stringify(value, undefined, 2)}\n`);
}

/** Rejects with `not-found` when the workload was not ordered from here. */
export async function loadJob(
  home: Home,
  id: string,
): Promise<{ readonly ordered: Ordered; readonly saved: WatchProgress; readonly url: string }> {
  const parsed = schema.safeParse(await readJson(fileOf(home, id)));
  if (!parsed.success)
    throw new CorepoolError("not-found", {
      detail: `The lease key of ${id} is not on this machine.`,
      next: "Watch it from where it was started.",
    });
  const job = parsed.data;
  return {
    url: job.url,
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
