/**
 * A run of hostile workloads, as the user that this process is: `hostile-main.ts SEED FIRST COUNT`. Prints a line of JSON
 * per workload (`{ job, kind, ms, complaint }`), then one with the figures of the escape battery, of the neighbour and of
 * this process. Workload number n of a seed is the same whatever the others are.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { syscallNumbers } from "../policy/syscalls.ts";
import { ABUSES, type Abuse, drawsOf } from "./abuse.ts";
import { neighbourSlowdown, runAbuse } from "./abuse-run.ts";
import { runEscapeBattery } from "./escape.ts";
import { attemptsOn } from "./escape-attempts.ts";
import { escapeBattery } from "./escape-battery.ts";
import { openBench } from "./open-bench.ts";

const [seed = 1, first = 0, count = 30] = process.argv.slice(2).map(Number);
/** One workload in so many is the escape battery. */
const ESCAPES = 16;
const NEIGHBOUR_ROUNDS = 3;
const MIB = 2 ** 20;

interface Memory {
  readonly retained: number;
  readonly resident: number;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** What this process holds once its garbage is gone, and all that it has of the system; bytes. */
async function memory(): Promise<Memory> {
  // Twice: buffers outside the heap are freed after the objects that held them.
  for (let i = 0; i < 2; i++) {
    collectGarbage();
    await sleep(200);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { retained: heapUsed + external, resident: rss };
}

const bench = await openBench();
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** The escape battery as a job among the others: what it can reach without listeners outside. */
function escapeBinary(): Abuse {
  const architecture = process.arch === "arm64" ? "arm64" : "x64";
  const known = syscallNumbers(architecture);
  const nowhere = "/nonexistent-of-the-host";
  const values = {
    attempts: attemptsOn(architecture, new Set(known.keys())).map(({ name, expression }) => [name, expression]),
    numbers: Object.fromEntries(known),
    canary: nowhere,
    socket: nowhere,
    abstract: "corepool-none",
    memory: 1,
    shared: "corepool-none",
    namespaces: {},
    state: nowhere,
    pid: process.pid,
    port: 1,
    init: "/run/corepool-init",
    input: "/etc/passwd",
    closed: ["/", "/etc", "/dev", "/usr", "/run"],
  };
  return {
    argv: ["python3", "-c", escapeBattery, JSON.stringify(values)],
    limits: { cpus: 1, memoryBytes: 128 * MIB, diskBytes: bench.diskBytes, pids: 32 },
    deadlineSeconds: 60,
    ends: ["exited"],
    complaint: ({ stdout }) => {
      const tried = stdout.trim().split("\n").slice(1);
      const open = tried.filter((line) => line.split("\t")[1] !== "blocked");
      if (tried.length !== values.attempts.length) return `only ${tried.length} attempts ran`;
      return open.length > 0 ? `open: ${open.join(", ")}` : undefined;
    },
  };
}

const jobs = Array.from({ length: count }, (_, i) => first + i);
const kinds = Object.entries(ABUSES);
let settled: Memory | undefined;
let done = 0;
async function work(slot: string): Promise<void> {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    const draw = drawsOf((seed * 1_000_003 + job) >>> 0);
    const escaping = draw(1, ESCAPES) === 1;
    const [kind, make] = kinds[draw(0, kinds.length - 1)] ?? ["", escapeBinary];
    const start = performance.now();
    const complaint = await runAbuse(bench, escaping ? escapeBinary() : make(draw, bench), slot).catch(
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    say({
      job,
      kind: escaping ? "escape" : kind,
      ms: Math.round(performance.now() - start),
      complaint: complaint ?? null,
    });
    // Growth counts from when every path was taken a few times.
    if (++done === Math.min(30, Math.ceil(count / 2))) settled = await memory();
  }
}
await Promise.all(bench.slots.map(work));
const end = await memory();
const retained = end.retained - (settled ?? end).retained;
const resident = end.resident - (settled ?? end).resident;
const verdict = await runEscapeBattery(bench);
const slowdown = await neighbourSlowdown(bench, NEIGHBOUR_ROUNDS);
const left = (await bench.runtime().list()).length;
say({ figures: { verdict, slowdown, retained, resident, left } });
await bench.close();
