import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { attendWorkload, orderWorkload } from "@corepool/sdk/run";
import { clientOf, UNLIMITED } from "./support/client.ts";
import { percentile, withMarket } from "./support/up.ts";

type Print = (name: string, value: string, unit: string) => void;

const JOBS = 60;
const AT_ONCE = 2;
const WARM_UP = 6;

/** Runs `count` pieces of work, `AT_ONCE` at a time; resolves with the pieces per second. */
async function rateOf(count: number, one: () => Promise<void>): Promise<number> {
  let left = count;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return (count * 1000) / (performance.now() - started);
}

/** The least that any sandbox costs here: bubblewrap around `true`, under an ordinary user as the agent runs it. */
async function bareBubblewrap(): Promise<void> {
  const words = [
    "--unshare-all",
    "--die-with-parent",
    "--ro-bind",
    "/usr",
    "/usr",
    "--symlink",
    "usr/lib",
    "/lib",
    "--symlink",
    "usr/lib64",
    "/lib64",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "--tmpfs",
    "/tmp",
    "--",
    "/usr/bin/true",
  ];
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  await promisify(execFile)("bwrap", words, { ...user, cwd: "/" });
}

/**
 * Trivial jobs over the whole road (placed, signed, lease opened on chain, sandboxed, paid, settled), two at a time:
 * `dispatch.jobs_per_s` from submission to the settled end; `dispatch.p50` and `dispatch.p99` from submission to the
 * running sandbox. `bubblewrap.loop_per_s`: bare bubblewrap in the same run, also two at a time.
 */
export async function run(print: Print): Promise<void> {
  await withMarket({ ...UNLIMITED, COREPOOL_UNITS: String(AT_ONCE) }, async (market) => {
    const context = await clientOf(market);
    const toRunning: number[] = [];
    const job = async (): Promise<void> => {
      const submitted = Date.now();
      const ordered = await orderWorkload(context, {
        spec: {
          kind: "job",
          command: ["true"],
          resources: { cpus: 1, memoryBytes: 64 * 2 ** 20, diskBytes: 2 ** 20 },
          durationSeconds: 60,
        },
        constraints: { token: context.market.contracts.gp, requireCgroup: false },
        uploads: [],
      });
      const workload = await attendWorkload(context, ordered, { logs: false });
      const running = workload.attempts.at(-1)?.timeline.find((t) => t.state === "running");
      if (workload.state !== "succeeded" || running === undefined)
        throw new Error(`a job ended as ${workload.state}: ${workload.reason} ${workload.detail}`);
      toRunning.push(Date.parse(running.at) - submitted);
    };
    await rateOf(WARM_UP, job);
    toRunning.length = 0;
    const jobs = await rateOf(JOBS, job);
    const bare = await rateOf(JOBS * 2, bareBubblewrap);
    print("dispatch.jobs_per_s", jobs.toFixed(2), "1/s");
    print("dispatch.p50", percentile(toRunning, 0.5).toFixed(0), "ms");
    print("dispatch.p99", percentile(toRunning, 0.99).toFixed(0), "ms");
    print("bubblewrap.loop_per_s", bare.toFixed(1), "1/s");
  });
}
