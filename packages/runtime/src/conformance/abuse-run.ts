import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { ABUSES, type Abuse, complaintAbout, drawsOf } from "./abuse.ts";
import { type Bench, type Case, logText, processesIn, python, run, withSandbox } from "./kit.ts";

/** Prints the sandbox's pid namespace, which names it on the host too, and becomes the command. */
const NAMED = 'readlink /proc/self/ns/pid; exec "$@"';
const SURVIVAL_MS = 1_000;

/**
 * Processes left in a sandbox's pid namespace. The kernel gives a namespace's number away again once it is empty: where
 * process 1 of it is another sandbox's init, ours is gone.
 */
async function processesOf(bench: Bench, id: string, namespace: string): Promise<number[]> {
  const left = await processesIn(bench, namespace);
  for (const pid of left) {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    if (!/^NSpid:.*\t1$/m.test(status)) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (command[1] === "serve" && command[2] !== id) return [];
  }
  return left;
}

/** Runs an abuse to its end in a slot. Resolves with what is wrong with how it was held, or undefined. */
export function runAbuse(bench: Bench, abuse: Abuse, slot: string): Promise<string | undefined> {
  const { argv, limits, deadlineSeconds } = abuse;
  const command = argv.length === 1 ? ["sh", "-c", argv[0] ?? ""] : argv;
  return withSandbox(
    bench,
    ["sh", "-c", NAMED, "sh", ...command],
    async (handle) => {
      const result = await handle.wait();
      const ended = performance.now();
      const text = await logText(handle);
      const [namespace = "", ...rest] = text.stdout.split("\n");
      assert.match(namespace, /^pid:\[\d+\]$/);
      const survivors = () => processesOf(bench, handle.id, namespace);
      let left = await survivors();
      while (left.length > 0 && performance.now() - ended < SURVIVAL_MS) {
        await sleep(50);
        left = await survivors();
      }
      if (left.length > 0) return `${left.length} processes are left a second after its end`;
      const seconds = Number((result.endedBootNs ?? 0n) - (result.startedBootNs ?? 0n)) / 1e9;
      return complaintAbout(abuse, { ...text, stdout: rest.join("\n"), result }, seconds);
    },
    { slot, limits, deadlineSeconds },
  );
}

export const abuseCases: readonly Case[] = [
  {
    name: "contains each kind of abuse, reports the right reason, and leaves no process after a second",
    async run(bench) {
      const complaints: string[] = [];
      const left = Object.entries(ABUSES);
      const draw = drawsOf(1);
      const work = async (slot: string): Promise<void> => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          const [kind, make] = next;
          const complaint = await runAbuse(bench, make(draw, bench), slot);
          if (complaint !== undefined) complaints.push(`${kind}: ${complaint}`);
        }
      };
      await Promise.all(bench.slots.slice(0, 2).map(work));
      assert.deepEqual(complaints, []);
    },
  },
  {
    name: "says so when an abuse is not contained",
    async run(bench) {
      const limits = { cpus: 1, memoryBytes: 2 ** 26, diskBytes: bench.diskBytes, pids: 16 };
      const tame: Abuse = { argv: ["exit 3"], limits, deadlineSeconds: 5, ends: ["deadline"] };
      const [slot = ""] = bench.slots;
      assert.match(
        (await runAbuse(bench, tame, slot)) ?? "",
        /ended as exited \(exit 3, signal null\), not as deadline/,
      );
      const nosy: Abuse = { ...tame, ends: ["exited"], complaint: ({ stdout }) => `it printed ${stdout}` };
      assert.equal(await runAbuse(bench, { ...nosy, argv: ["echo x"] }, slot), "it printed x\n");
    },
  },
];

const FIXED_WORK = python(
  "import time\nt=time.monotonic()\nx=0\nfor i in range(6_000_000): x=(x*31+i)&0xffffffff\nprint(time.monotonic()-t)",
);

/**
 * How much slower a fixed piece of work goes in one sandbox while another burns all it may, as a share of its time
 * alone (0.2: a fifth slower). The least of several rounds each, against the noise of a busy machine.
 */
export async function neighbourSlowdown(bench: Bench, rounds: number): Promise<number> {
  const limits = { cpus: 1, memoryBytes: 128 * 2 ** 20, diskBytes: bench.diskBytes, pids: 16 };
  const [first = "", second = ""] = bench.slots;
  const time = async (): Promise<number> =>
    Number((await run(bench, FIXED_WORK, { slot: second, limits, deadlineSeconds: 120 })).stdout);
  let [alone, beside] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < rounds; round++) {
    alone = Math.min(alone, await time());
    const hog = python("import os\nfor i in range(7):\n  if os.fork()==0: break\nwhile 1: pass");
    beside = Math.min(beside, await withSandbox(bench, hog, time, { slot: first, limits, deadlineSeconds: 300 }));
  }
  return beside / alone - 1;
}
