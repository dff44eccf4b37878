import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constraints, jobSpec } from "@corepool/protocol/spec";
import { keptJobOf } from "@corepool/sdk/kept-job";
import { leaseKeyOf } from "@corepool/sdk/lease-key";
import type { Ordered } from "@corepool/sdk/run";
import { expect, it } from "vitest";
import { homeOf } from "./home.ts";
import { importJob, loadJob, saveJob } from "./job-file.ts";

const token = `0x${"44".repeat(20)}` as const;
const ordered: Ordered = {
  workload: "wkl_0123456789",
  wish: {
    spec: jobSpec.parse({ kind: "job", command: ["true"], resources: {} }),
    constraints: constraints.parse({ token }),
    maxGraceSeconds: 300,
  },
  lease: {
    domain: { chainId: 31_337, market: token },
    lease: `0x${"55".repeat(32)}`,
    key: leaseKeyOf(`0x${"33".repeat(32)}`),
    client: token,
    provider: token,
    providerPublicKey: "0x04",
    token,
    rate: 7n,
    escrow: 700n,
    graceSeconds: 10,
  },
};

it("takes over a job that another program ordered, as that job and no other", async () => {
  const dir = await mkdtemp(join(tmpdir(), "corepool-job-"));
  try {
    const home = homeOf({ COREPOOL_HOME: join(dir, "home") });
    const file = join(dir, "saved.json");
    const saved = { provenMs: 5, total: 35n };
    await writeFile(file, JSON.stringify(keptJobOf("http://there", ordered, saved)));
    await expect(importJob(home, "wkl_other", file)).rejects.toMatchObject({ code: "bad-usage" });
    await expect(loadJob(home, ordered.workload)).rejects.toMatchObject({ code: "not-found" });
    await importJob(home, ordered.workload, file);
    expect(await loadJob(home, ordered.workload)).toEqual({ ordered, saved, url: "http://there" });
    expect((await stat(join(home.jobs, `${ordered.workload}.json`))).mode & 0o077).toBe(0);
    // Taken once more, as the history of a shell does: what was paid meanwhile is not forgotten.
    const further = { provenMs: 9, total: 63n };
    await saveJob(home, "http://there", ordered, further);
    await importJob(home, ordered.workload, file);
    expect((await loadJob(home, ordered.workload)).saved).toEqual(further);
    // Ordered again elsewhere, as another lease.
    const again: Ordered = { ...ordered, lease: { ...ordered.lease, lease: `0x${"66".repeat(32)}` } };
    await writeFile(file, JSON.stringify(keptJobOf("http://there", again, saved)));
    await importJob(home, ordered.workload, file);
    expect(await loadJob(home, ordered.workload)).toEqual({ ordered: again, saved, url: "http://there" });
    await expect(importJob(home, ordered.workload, join(dir, "none.json"))).rejects.toMatchObject({
      code: "bad-usage",
    });
  } finally {
    await rm(dir, { recursive: true });
  }
});
