import { formatAmount, type Token } from "@corepool/core/money";
import type { Market, OfferView, WorkloadView } from "@corepool/protocol/resources";
import type { explainPlacement } from "@corepool/protocol/routes/workloads";
import type { z } from "zod";
import { cliText, yamlText } from "../../kit/form/copy-as.ts";
import type { SameAs } from "../../kit/form/copy-as-button.tsx";
import { sizeText } from "./quantities.ts";

/** What is filled in: the body that asks who could run it. */
export type Draft = z.input<typeof explainPlacement.body>;

const HOUR_S = 3_600;

/** An empty job: one core for an hour. A pinned offer fills in its unit, its provider and its token. */
export function draftFor(token: Market["tokens"][number]["address"], offer?: OfferView): Draft {
  if (offer === undefined)
    return {
      spec: {
        kind: "job",
        command: [],
        resources: { cpus: 1, memoryBytes: 2 ** 29, diskBytes: 2 ** 28, gpus: { count: 0 } },
        durationSeconds: HOUR_S,
      },
      constraints: { token },
    };
  const { spec, offer: terms } = offer.signed;
  const { cpus, memoryBytes, diskBytes, gpus } = spec.resources;
  const durationSeconds = Math.min(Math.max(HOUR_S, terms.minSeconds), terms.maxSeconds);
  return {
    spec: {
      kind: "job",
      command: [],
      resources: { cpus, memoryBytes, diskBytes, gpus: { count: gpus.length } },
      durationSeconds,
    },
    constraints: { token: terms.token, providers: [terms.provider] },
  };
}

/** The draft of a workload that is run again. What it was to cost at most is left open: prices have moved since. */
export function draftAgain({ spec, constraints }: Pick<WorkloadView, "spec" | "constraints">): Draft {
  const { maxRate: _, maxEscrow: __, ...kept } = constraints;
  return { spec, constraints: kept };
}

/** What a lease of an offer costs at most. Base units. */
export interface Cost {
  readonly rate: bigint;
  readonly escrow: bigint;
  /** What a machine that vanishes has cost beyond what it served: rate × (interval + grace), never above the escrow. */
  readonly atRisk: bigint;
  readonly graceSeconds: number;
}

/** The price of a rate over a duration; interval and grace in seconds. */
export function costOf(rate: bigint, durationSeconds: number, intervalSeconds: number, graceSeconds: number): Cost {
  const escrow = rate * BigInt(durationSeconds);
  const most = rate * BigInt(intervalSeconds + graceSeconds);
  return { rate, escrow, atRisk: most < escrow ? most : escrow, graceSeconds };
}

/** A duration as `--time` takes it: one number and one unit. */
function cliTime(seconds: number): string {
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
  ] as const)
    if (seconds % size === 0) return `${seconds / size}${unit}`;
  return `${seconds}s`;
}

/** The command that does the same; undefined for what the command line has no option for. */
function cliOf({ spec, constraints }: Draft, token: Token): string | undefined {
  const { cpus = 1, memoryBytes = 2 ** 29, diskBytes = 2 ** 28, gpus = { count: 0 } } = spec.resources;
  if (constraints.providers !== undefined || gpus.model !== undefined || gpus.memoryBytes !== undefined)
    return undefined;
  const size = (bytes: number) => sizeText(bytes).replace(" ", "");
  return cliText([
    "run",
    ...(spec.name === undefined ? [] : ["--name", spec.name]),
    ...["--cpu", String(cpus), "--memory", size(memoryBytes), "--disk", size(diskBytes)],
    ...(gpus.count === 0 ? [] : ["--gpu", String(gpus.count)]),
    ...["--time", cliTime(spec.durationSeconds ?? HOUR_S), "--token", token.symbol],
    ...(constraints.maxRate === undefined
      ? []
      : ["--max-rate", `${formatAmount(BigInt(constraints.maxRate), token)}/s`]),
    ...(constraints.requireCgroup === true ? ["--require-cgroup"] : []),
    ...(spec.needs ?? []).flatMap((name) => ["--needs", name]),
    ...Object.entries(spec.env ?? {}).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...(spec.inputs ?? []).flatMap(({ path }) => ["--input", `${path}=./${path}`]),
    "--",
    ...spec.command,
  ]);
}

/** The draft as a command, a program and a file. */
export function sameAs(draft: Draft, token: Token): SameAs {
  const cli = cliOf(draft, token);
  return {
    ...(cli === undefined ? {} : { cli }),
    sdk: `import { runWorkload } from "@corepool/sdk/run";

const { workload, receipt } = await runWorkload(
  { client, market, signer },
  { ...${JSON.stringify(draft, null, 2).replaceAll("\n", "\n  ")}, uploads },
);`,
    yaml: yamlText(draft),
  };
}
