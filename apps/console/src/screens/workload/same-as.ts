import { formatAmount, type Token } from "@corepool/core/money";
import type { WorkloadView } from "@corepool/protocol/resources";
import { submitWorkload } from "@corepool/protocol/routes/workloads";
import { cliText, sdkText, yamlText } from "../../kit/form/copy-as.ts";
import type { SameAs } from "../../kit/form/copy-as-button.tsx";

const MIB = 2 ** 20;

/** Most bytes that the command line takes as such. */
const MOST_BYTES = 999_999_999;

/** Bytes as `--memory` takes them; what it cannot say exactly is rounded up, so that no less is asked for. */
function sizeWord(bytes: number): string {
  return bytes % MIB === 0 || bytes > MOST_BYTES ? `${Math.ceil(bytes / MIB)}MiB` : `${bytes}B`;
}

/** The same workload as a `corepool run`, an SDK call, and a document. Inputs are named by their hash, which `run` takes from files. */
export function sameAs(workload: WorkloadView, token: Token | undefined): SameAs {
  const { spec, constraints } = workload;
  const { cpus, memoryBytes, diskBytes, gpus } = spec.resources;
  const words = [
    "run",
    ...(spec.name === undefined ? [] : ["--name", spec.name]),
    ...["--cpu", String(cpus), "--memory", sizeWord(memoryBytes), "--disk", sizeWord(diskBytes)],
    ...(gpus.count === 0 ? [] : ["--gpu", String(gpus.count)]),
    ...["--time", `${spec.durationSeconds}s`],
    ...(token === undefined ? [] : ["--token", token.symbol]),
    ...(token === undefined || constraints.maxRate === undefined
      ? []
      : ["--max-rate", `${formatAmount(BigInt(constraints.maxRate), token)}/s`]),
    ...(token === undefined || constraints.maxEscrow === undefined
      ? []
      : ["--max-price", formatAmount(BigInt(constraints.maxEscrow), token)]),
    ...(constraints.requireCgroup ? ["--require-cgroup"] : []),
    ...(constraints.avoidWeaknesses ?? []).flatMap((each) => ["--avoid-weakness", each]),
    ...Object.entries(spec.env).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...spec.needs.flatMap((need) => ["--needs", need]),
    ...spec.inputs.flatMap((input) => ["--input", `${input.path}=${input.path}`]),
    "--",
    ...spec.command,
  ];
  const body = { spec, constraints };
  // The command line knows neither a choice of providers nor one of GPUs: a command without it would ask for something else.
  const sayable = constraints.providers === undefined && gpus.model === undefined && gpus.memoryBytes === undefined;
  return {
    ...(sayable ? { cli: cliText(words) } : {}),
    sdk: sdkText(submitWorkload, "routes/workloads", { body }),
    yaml: yamlText(body),
  };
}
