import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { prepareHost, startAgent } from "@corepool/runtime/supervisor/supervise";
import { difference, hostCanaries, leftBehind, processesOf } from "./support/host-canaries.ts";
import { ROOT } from "./support/up.ts";

type Print = (name: string, value: string, unit: string) => void;

const MIB = 2 ** 20;
/** Workloads at a time, and the size of each one's workspace. */
const [SLOTS, SLOT_BYTES] = [4, 64 * MIB];
const USER = "corepool-test";

interface Figures {
  readonly verdict: {
    readonly attempts: number;
    readonly open: readonly string[];
    readonly controlled: readonly string[];
    readonly excused: readonly unknown[];
    readonly vain: readonly string[];
  };
  readonly slowdown: number;
  readonly retained: number;
  readonly resident: number;
  readonly left: number;
}

/**
 * Hostile workloads through the real sandbox, four at a time: kinds of abuse with drawn parameters, and the escape
 * battery among them. `COREPOOL_HOSTILE_JOBS` of them (1,000), from number `COREPOOL_HOSTILE_FIRST` (0) of the seed
 * `COREPOOL_HOSTILE_SEED` (1). Must be root, as for a real machine; fails when anything was not held.
 */
export async function run(print: Print): Promise<void> {
  const [count, first, seed] = ["JOBS", "FIRST", "SEED"].map((name, i) =>
    Number(process.env[`COREPOOL_HOSTILE_${name}`] ?? [1000, 0, 1][i]),
  );
  if (process.getuid?.() !== 0)
    throw new Error("bench hostile needs root: it prepares the host as the supervisor does");
  const base = mkdtempSync(join(tmpdir(), "corepool-hostile-"));
  chmodSync(base, 0o755);
  const options = { state: join(base, "state"), base, slots: SLOTS, slotBytes: SLOT_BYTES, userName: USER };
  // Makes the user where it is missing, so that the canaries see the same users before and after.
  await (await prepareHost(options)).release();
  const before = await hostCanaries(base);
  const complaints: string[] = [];
  let figures: Figures | undefined;
  let jobs = 0;
  const host = await prepareHost(options);
  const known = await processesOf(host.user.uid);
  try {
    const child = await startAgent(host, {
      repository: ROOT,
      workspace: "packages/runtime",
      entry: "src/conformance/hostile-main.ts",
      args: [String(seed), String(first), String(count)],
      env: {},
      stdio: "pipe",
    });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    if (child.stdout)
      for await (const line of createInterface({ input: child.stdout })) {
        const entry = JSON.parse(line) as { job: number; kind: string; complaint: string | null; figures?: Figures };
        if (entry.figures !== undefined) figures = entry.figures;
        else jobs++;
        if (entry.complaint) complaints.push(`${entry.job} (${entry.kind}): ${entry.complaint}`);
      }
    if (figures === undefined) throw new Error(`the hostile jobs did not end: ${said.slice(-2000)}`);
  } finally {
    await host.release();
  }
  const survivors = (await processesOf(host.user.uid)).filter((pid) => !known.includes(pid));
  const leaks = await leftBehind(base);
  rmSync(base, { recursive: true });
  const changed = difference(before, await hostCanaries(base));
  const { verdict, slowdown, retained, resident, left } = figures;
  print("hostile.jobs", String(jobs), "jobs");
  print("hostile.complaints", String(complaints.length), "jobs");
  print("hostile.host_changes", String(changed.length), "canaries");
  print("hostile.survivors", String(survivors.length), "processes");
  print("hostile.leaks", String(leaks.length + left), "mounts, loops, cgroups, sandboxes");
  print("hostile.agent_growth", (retained / MIB).toFixed(1), "MiB");
  print("hostile.agent_rss_growth", (resident / MIB).toFixed(1), "MiB");
  print("hostile.neighbour_slowdown", (slowdown * 100).toFixed(1), "%");
  print("hostile.load", (loadavg()[0] ?? 0).toFixed(1), "processes");
  print("escape.attempts", String(verdict.attempts), "attempts");
  print("escape.open", String(verdict.open.length), "attempts");
  print("escape.controls", String(verdict.controlled.length), "attempts");
  print("escape.excused", String(verdict.excused.length), "attempts");
  const failures = [...complaints, ...changed, ...leaks, ...survivors.map((pid) => `process ${pid} survived`)];
  if (left > 0 || jobs !== count) failures.push(`${left} sandboxes are left, ${jobs} of ${count} jobs ran`);
  if (verdict.open.length + verdict.vain.length > 0)
    failures.push(`open: ${verdict.open.join(", ")}; without a control: ${verdict.vain.join(", ")}`);
  // The logs of a flood are read as a whole here, so that the resident size moves; what is held must not.
  if (retained > 20 * MIB) failures.push(`the agent holds ${retained} bytes more than after its first workloads`);
  if (failures.length > 0) throw new Error(failures.join("\n"));
}
