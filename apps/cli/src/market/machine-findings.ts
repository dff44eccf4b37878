import { access, readdir, readFile, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { archivesWal } from "@corepool/postgres/backup";
import { knownHoles } from "@corepool/runtime/policy/known-holes";
import { installedPrograms } from "@corepool/runtime/supervisor/installed";
import { openBlobs } from "@corepool/storage/adapters/open";
import type { Context } from "../context.ts";
import { readJson } from "../files.ts";
import type { Home } from "../home.ts";
import { agentFolder } from "./agent-state.ts";
import type { Finding } from "./finding.ts";
import {
  backupFinding,
  bpfFinding,
  clockFinding,
  corePatternFinding,
  externalBackupFinding,
  fileLimitFinding,
  fullnessFinding,
  keyFileFinding,
  skewFinding,
  swapFinding,
} from "./machine-facts.ts";

const textOf = (path: string) => readFile(path, "utf8").catch(() => "");

/** What shows that a program keeps the clock right. */
const CLOCK_KEEPERS = {
  "/run/systemd/timesync/synchronized": "systemd-timesyncd",
  "/run/chrony/chronyd.pid": "chrony",
  "/run/ntpd.pid": "ntpd",
  "/run/ntpsec/ntpd.pid": "ntpsec",
} as const;

async function clock(): Promise<Finding> {
  for (const [path, keeper] of Object.entries(CLOCK_KEEPERS)) {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return clockFinding(keeper);
  }
  return clockFinding(undefined);
}

async function skew(context: Context, url: string | undefined): Promise<readonly Finding[]> {
  if (url === undefined) return [];
  const begun = performance.now();
  const answer = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
  const there = Date.parse(answer?.headers.get("date") ?? "");
  await answer?.body?.cancel();
  if (Number.isNaN(there)) return [];
  return [skewFinding(context.clock.now(), there, performance.now() - begun)];
}

/** Every file of this home that holds a key, also where the agent's own user keeps its. */
async function keyFiles(home: Home): Promise<readonly { path: string; mode: number }[]> {
  const agent = await agentFolder(home.agent);
  const folders = await Promise.all(
    [home.keys, home.jobs].map(async (dir) => (await readdir(dir).catch(() => [])).map((name) => join(dir, name))),
  );
  const paths = [
    ...folders.flat(),
    join(home.database, "password"),
    ...(agent === undefined ? [] : ["provider.key", "machine.id"].map((name) => join(agent, name))),
  ];
  const found = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        (stats) => (stats.isFile() ? { path, mode: stats.mode } : undefined),
        () => undefined,
      ),
    ),
  );
  return found.filter((file) => file !== undefined);
}

async function holes(): Promise<readonly Finding[]> {
  return (await installedPrograms()).flatMap((installed) =>
    knownHoles(installed).map(
      ({ cve, fixedIn }): Finding => ({
        what: installed.program,
        level: "weak",
        line: `${installed.program} ${installed.packaged?.version ?? installed.version} has a known hole: ${cve}`,
        next: `Install ${fixedIn} or later, or your distribution's package with that fix.`,
      }),
    ),
  );
}

async function backup({ home, env, clock }: Context): Promise<Finding> {
  const url = env.COREPOOL_DATABASE_URL ?? env.DATABASE_URL;
  if (url !== undefined) return externalBackupFinding(await archivesWal(url).catch(() => undefined));
  const last = (await readJson(home.lastBackup)) as { readonly at?: string } | undefined;
  const at = Date.parse(last?.at ?? "");
  return backupFinding(Number.isNaN(at) ? undefined : at, clock.now());
}

async function blobStore({ env }: Context): Promise<readonly Finding[]> {
  const address = env.COREPOOL_BLOBS;
  if (address?.startsWith("s3:") !== true) return [];
  const trouble = await openBlobs(address, { maxBlobBytes: 1, env }).then(
    (store) => store.trouble(),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (trouble === undefined) return [{ what: "blob store", level: "good", line: "the bucket answers" }];
  return [
    {
      what: "blob store",
      level: "bad",
      line: trouble,
      next: "Check COREPOOL_BLOBS, the credentials in the environment, and the network.",
    },
  ];
}

/** The weaknesses of this machine and of what is kept on it, each with its cure. `url`: the coordinator, for its clock. */
export async function machineFindings(context: Context, url: string | undefined): Promise<readonly Finding[]> {
  const { home } = context;
  // The nearest folder that exists: a home that is not made yet will lie on the same disk.
  const disk = await statfs(home.dir).catch(() => statfs("/"));
  const sys = (name: string) => textOf(`/proc/sys/${name}`);
  return [
    swapFinding(await textOf("/proc/meminfo")),
    fullnessFinding(disk),
    fileLimitFinding(await textOf("/proc/self/limits")),
    corePatternFinding(await sys("kernel/core_pattern")),
    bpfFinding(await sys("kernel/unprivileged_bpf_disabled")),
    await clock(),
    ...(await skew(context, url)),
    keyFileFinding(await keyFiles(home)),
    ...(await holes()),
    await backup(context),
    ...(await blobStore(context)),
  ];
}
