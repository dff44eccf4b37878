import { attendWorkload, orderWorkload, type RunContext } from "@corepool/sdk/run";
import { clientOf, UNLIMITED } from "./support/client.ts";
import { percentile, withMarket } from "./support/up.ts";

type Print = (name: string, value: string, unit: string) => void;

const LINES_PER_S = 2_000;
const SECONDS = 20;
const BURST_LINES = 20_000;
/** As long as a line of a training log. */
const FILL = 60;

/** Each line says when it was written, and is written by itself; to one output, or to both in turn. */
const script = (lines: number, perSecond: number, outputs: 1 | 2): string => `
import sys, time
outputs = [sys.stdout, sys.stderr]
begun = time.time()
for i in range(${lines}):
    at = begun + i / ${perSecond}
    left = at - time.time()
    if left > 0: time.sleep(left)
    print(f"{time.time():.6f} {i} {'x' * ${FILL}}", flush=True, file=outputs[i % ${outputs}])
`;

interface Read {
  /** Lines that came in order, and none of them twice. */
  readonly lines: number;
  /** Milliseconds from the first line to the last one, as they came. */
  readonly ms: number;
  /** Milliseconds from writing to reading, of each line. */
  readonly late: readonly number[];
}

/** Runs a job that writes so many lines, and reads its log as a client does. */
async function read(context: RunContext, lines: number, perSecond: number, outputs: 1 | 2): Promise<Read> {
  const late: number[] = [];
  const came: number[] = [];
  let trouble: Error | undefined;
  const texts = { stdout: "", stderr: "" };
  // Two pipes have no order between them; each has its own.
  const expected = { stdout: 0, stderr: 1 };
  const on: RunContext["on"] = (event) => {
    if (event.type !== "log") return;
    const now = Date.now();
    const { stream, data } = event.record;
    const whole = (texts[stream] + Buffer.from(data, "base64").toString()).split("\n");
    texts[stream] = whole.pop() ?? "";
    for (const line of whole) {
      const [at, number] = line.split(" ").map(Number);
      if (number !== expected[stream])
        trouble ??= new Error(`line ${number} came in the place of line ${expected[stream]}`);
      expected[stream] += outputs;
      late.push(now - (at ?? 0) * 1_000);
      came.push(now);
    }
  };
  const ordered = await orderWorkload(context, {
    spec: {
      kind: "job",
      command: ["python3", "-c", script(lines, perSecond, outputs)],
      resources: { cpus: 1, memoryBytes: 64 * 2 ** 20, diskBytes: 2 ** 20 },
      durationSeconds: 600,
    },
    constraints: { token: context.market.contracts.gp, requireCgroup: false },
    uploads: [],
  });
  const { state } = await attendWorkload({ ...context, on }, ordered);
  if (trouble !== undefined) throw trouble;
  if (state !== "succeeded") throw new Error(`the job ${state}`);
  return { lines: late.length, ms: (came.at(-1) ?? 0) - (came[0] ?? 0), late };
}

/**
 * A job's log on its way from the sandbox to a client, through agent, coordinator and database: 2,000 lines of 80 bytes a
 * second for 20 s, each written by itself, and 20,000 as fast as it can: to one output, and to both in turn, where no two
 * lines go together in a message. `logs.lines_per_s`: as they came; `logs.p50`,
 * `logs.p99`, `logs.last`: from the line's writing to the client's reading.
 */
export async function run(print: Print): Promise<void> {
  await withMarket(UNLIMITED, async (market) => {
    const context = await clientOf(market);
    for (const [name, lines, perSecond, outputs] of [
      ["logs", LINES_PER_S * SECONDS, LINES_PER_S, 1],
      ["logs.burst", BURST_LINES, Number.MAX_SAFE_INTEGER, 1],
      ["logs.turns", BURST_LINES, Number.MAX_SAFE_INTEGER, 2],
    ] as const) {
      const { lines: seen, ms, late } = await read(context, lines, perSecond, outputs);
      if (seen !== lines) throw new Error(`${seen} of ${lines} lines came`);
      print(`${name}.lines`, String(seen), "lines");
      print(`${name}.lines_per_s`, ((seen * 1_000) / ms).toFixed(0), "1/s");
      print(`${name}.p50`, percentile(late, 0.5).toFixed(0), "ms");
      print(`${name}.p99`, percentile(late, 0.99).toFixed(0), "ms");
      print(`${name}.last`, (late.at(-1) ?? 0).toFixed(0), "ms");
    }
  });
}
