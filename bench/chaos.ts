import { reportOf } from "./support/report.ts";
import { setting } from "./support/setting.ts";
import { percentile } from "./support/up.ts";

type Print = (name: string, value: string, unit: string) => void;

const PARTS = ["agent", "coordinator", "database", "chain"] as const;
type Part = (typeof PARTS)[number];

interface Report {
  readonly seed: number;
  readonly wrong: readonly string[];
  readonly kills: Readonly<Record<Part, number>>;
  readonly doubles: number;
  readonly jobs: number;
  readonly succeeded: number;
  readonly otherwise: Readonly<Record<string, number>>;
  readonly mostAtOnce: number;
  readonly recovery: Readonly<Record<Part, readonly number[]>>;
}

/** One market, killed `kills` times, as a process of its own. Rejects when it gave no report. */
function slice(words: Readonly<Record<string, number>>): Promise<Report> {
  return reportOf(
    "e2e/chaos.ts",
    Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]),
  );
}

/**
 * Kills agents, coordinator, database and chain node of a market at random moments while ten jobs run, in markets of 25
 * kills each. COREPOOL_CHAOS_KILLS (200) and COREPOOL_CHAOS_SEED (1) say how many and which. `chaos.wrong` must be 0: what is
 * wrong is told on stderr, with the seed. `chaos.recovery.*`: from the kill until it works again.
 */
export async function run(print: Print): Promise<void> {
  const kills = setting("COREPOOL_CHAOS_KILLS", 200);
  const first = setting("COREPOOL_CHAOS_SEED", 1);
  const reports: Report[] = [];
  for (let left = kills; left > 0; left -= 25) {
    const seed = first + reports.length;
    const report = await slice({ seed, kills: Math.min(25, left), doubles: Math.min(3, left >> 1), jobs: 10 });
    for (const line of report.wrong) console.error(`seed ${seed}: ${line}`);
    reports.push(report);
  }
  const sum = (of: (report: Report) => number): string => String(reports.reduce((total, r) => total + of(r), 0));
  print("chaos.seed", String(first), "first");
  for (const part of PARTS)
    print(
      `chaos.kills.${part}`,
      sum((r) => r.kills[part]),
      "kills",
    );
  print(
    "chaos.kills.two_at_once",
    sum((r) => r.doubles),
    "strikes",
  );
  print(
    "chaos.jobs",
    sum((r) => r.jobs),
    "jobs",
  );
  print(
    "chaos.jobs.succeeded",
    sum((r) => r.succeeded),
    "jobs",
  );
  print(
    "chaos.jobs.with_reason",
    sum((r) => Object.values(r.otherwise).reduce((a, b) => a + b, 0)),
    "jobs",
  );
  print("chaos.jobs.most_at_once", String(Math.max(...reports.map((r) => r.mostAtOnce))), "jobs");
  print(
    "chaos.wrong",
    sum((r) => r.wrong.length),
    "findings",
  );
  for (const part of PARTS) {
    const times = reports.flatMap((r) => r.recovery[part]);
    print(`chaos.recovery.${part}.p50`, percentile(times, 0.5).toFixed(0), "ms");
    print(`chaos.recovery.${part}.p99`, percentile(times, 0.99).toFixed(0), "ms");
  }
  if (reports.some((r) => r.wrong.length > 0)) throw new Error("the market did not survive everything; see above");
}
