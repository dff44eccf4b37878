import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDatabase } from "@corepool/postgres/testing";
import { systemClock, systemRandom } from "@corepool/sdk/adapters/system";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Context } from "../context.ts";
import { homeOf } from "../home.ts";
import { createOutput } from "../output.ts";
import { machineFindings } from "./machine-findings.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "corepool-doctor-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const context = (env: Record<string, string> = {}, now = systemClock.now()): Context => ({
  home: homeOf({ COREPOOL_HOME: dir }),
  env,
  options: {},
  output: createOutput({ json: true, stdout: process.stdout, stderr: process.stderr, env: {} }),
  clock: { ...systemClock, now: () => now },
  random: systemRandom,
});
const found = async (what: string, given = context(), url?: string) =>
  (await machineFindings(given, url)).filter((finding) => finding.what === what);

describe("the doctor on this machine", () => {
  it("judges everything, each with its cure", async () => {
    const findings = await machineFindings(context(), undefined);
    const seen = new Set(findings.map(({ what }) => what));
    for (const what of ["swap", "disk use", "open files", "core dumps", "bpf", "clock", "key files", "backup"])
      expect(seen, what).toContain(what);
    for (const { level, next } of findings) if (level !== "good") expect(next).toBeDefined();
  });

  it("finds a key file that others may read", async () => {
    await mkdir(join(dir, "keys"));
    await writeFile(join(dir, "keys", "client"), "0x", { mode: 0o600 });
    expect(await found("key files")).toMatchObject([{ level: "good" }]);
    await chmod(join(dir, "keys", "client"), 0o644);
    expect(await found("key files")).toMatchObject([{ level: "bad", line: expect.stringContaining("keys/client") }]);
  });

  it("sees when the last backup was made", async () => {
    expect(await found("backup")).toMatchObject([{ level: "weak" }]);
    await writeFile(join(dir, "last-backup.json"), JSON.stringify({ at: "2026-01-01T00:00:00.000Z", dir: "/b" }));
    const soon = Date.parse("2026-01-02T12:00:00.000Z");
    expect(await found("backup", context({}, soon))).toMatchObject([{ level: "good" }]);
    expect(await found("backup", context({}, soon + 10 * 86_400_000))).toMatchObject([{ level: "weak" }]);
  });

  it("asks an external database whether it archives its WAL", async () => {
    const { url, drop } = await testDatabase();
    const [finding] = await found("backup", context({ DATABASE_URL: url }));
    expect(finding?.line).toContain("does not archive its WAL");
    await drop();
    const [unknown] = await found("backup", context({ DATABASE_URL: "postgresql://x:hunter2@127.0.0.1:1/x" }));
    expect(unknown?.line).toContain("could not be seen");
  });

  it("tells when the blob store does not answer, without secrets", async () => {
    const env = {
      COREPOOL_BLOBS: "s3://bucket?endpoint=http://127.0.0.1:1",
      AWS_ACCESS_KEY_ID: "id",
      AWS_SECRET_ACCESS_KEY: "hunter2",
    };
    const findings = await found("blob store", context(env));
    expect(findings).toMatchObject([{ level: "bad", line: "the blob store at 127.0.0.1:1 does not answer" }]);
    expect(JSON.stringify(findings)).not.toContain("hunter2");
  });
});
