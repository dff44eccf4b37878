import { CorepoolError } from "../errors.ts";
import { type Capacity, checkCapacity, checkCount, checkDemand, type Demand, milliOf, WHOLE } from "./demand.ts";
import { bad } from "./errors.ts";
import { seeded } from "./mix.ts";

/** A recorded cluster: its machines, and what was asked of it. */
export interface Trace {
  readonly machines: readonly { readonly id: string; readonly capacity: Capacity }[];
  readonly demands: readonly Demand[];
}

const MOST_ALIKE = 1_000_000;
const MOST_GPUS = 1_024;

type Row = Readonly<Record<string, string>>;

/** Lines of comma-separated values without quotes, by the names in the first one. */
function rowsOf(text: string, file: string, needed: readonly string[]): Row[] {
  const [head = "", ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const names = head.split(",").map((name) => name.trim());
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length > 0) throw bad(`${file} has no column ${missing.join(", ")}.`, `Its first line must name them.`);
  return lines.map((line, at) => {
    const values = line.split(",");
    if (values.length !== names.length)
      throw bad(`Line ${at + 2} of ${file} has ${values.length} values for ${names.length} columns.`, "Correct it.");
    return Object.fromEntries(names.map((name, i) => [name, (values[i] ?? "").trim()]));
  });
}

/** A number of a row; what is no number is refused further on, with its column. */
const number = (row: Row, name: string): number => (row[name] === "" ? Number.NaN : Number(row[name]));

/** How many are alike: 1 where no column says so. */
function countOf(row: Row): number {
  const count = row["count"] === undefined ? 1 : number(row, "count");
  checkCount("count", count, MOST_ALIKE);
  return count;
}

function at<T>(file: string, index: number, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof CorepoolError)) throw error;
    throw new CorepoolError(error.code, {
      detail: `Line ${index + 2} of ${file}: ${error.message}`,
      ...(error.next === undefined ? {} : { next: error.next }),
      data: error.data,
    });
  }
}

/**
 * Reads a trace of the form of Alibaba's cluster-trace-gpu-v2023.
 * @param nodes CSV with sn, cpu_milli, memory_mib, gpu and model: machines, all GPUs shareable and alike
 * @param pods CSV with cpu_milli, memory_mib, num_gpu, gpu_milli (of a single GPU) and perhaps gpu_spec: demands. In
 *   both a column `count` says how many a line stands for.
 * @throws CorepoolError `bad-request` for a missing column, a wrong line, or a machine named twice
 */
export function parseTrace(nodes: string, pods: string): Trace {
  const ids = new Set<string>();
  const machines = rowsOf(nodes, "nodes", ["sn", "cpu_milli", "memory_mib", "gpu", "model"]).flatMap((row, index) =>
    at("nodes", index, () => {
      const [name = "", model = "", gpus, count] = [row["sn"], row["model"], number(row, "gpu"), countOf(row)];
      checkCount("gpu", gpus, MOST_GPUS);
      const device = { model, memoryMib: 0, shareable: true, group: -1 };
      const capacity: Capacity = {
        cpuMilli: number(row, "cpu_milli"),
        memoryMib: number(row, "memory_mib"),
        diskMib: 0,
        devices: Array.from({ length: gpus }, () => device),
      };
      checkCapacity(capacity);
      return Array.from({ length: count }, (_, i) => {
        const id = row["count"] === undefined ? name : `${name}-${i}`;
        if (name === "" || ids.has(id))
          throw bad(`The machine "${id}" is there twice or has no name.`, "Name each once.");
        ids.add(id);
        return { id, capacity };
      });
    }),
  );
  const demands = rowsOf(pods, "pods", ["cpu_milli", "memory_mib", "num_gpu", "gpu_milli"]).flatMap((row, index) =>
    at("pods", index, () => {
      const gpus = number(row, "num_gpu");
      const spec = row["gpu_spec"] ?? "";
      const demand: Demand = {
        cpuMilli: number(row, "cpu_milli"),
        memoryMib: number(row, "memory_mib"),
        diskMib: 0,
        gpus,
        gpuMilli: gpus === 0 ? 0 : gpus === 1 ? number(row, "gpu_milli") : WHOLE,
        ...(spec === "" || gpus === 0 ? {} : { models: spec.split("|") }),
      };
      checkDemand(demand);
      return Array.from({ length: countOf(row) }, () => demand);
    }),
  );
  if (machines.length === 0 || demands.length === 0) throw bad("The trace is empty.", "Give machines and demands.");
  return { machines, demands };
}

/** Thousandths of devices in all. */
export const capacityOf = ({ machines }: Trace): number =>
  machines.reduce((sum, { capacity }) => sum + capacity.devices.length * WHOLE, 0);

/**
 * The order in which demands arrive: the list shuffled by the seed, then drawn from it at random, with replacement,
 * until in all `load` times the devices that there are have been asked for. The protocol of Weng et al., "Beware of
 * Fragmentation", USENIX ATC 2023.
 * @throws CorepoolError `bad-request` when no demand asks for a device, so that it would never end
 */
export function arrivals(trace: Trace, seed: number, load = 1.3): Demand[] {
  const { demands } = trace;
  if (demands.every((demand) => milliOf(demand) === 0))
    throw bad("No demand asks for a device.", "Give one that does.");
  const random = seeded(seed);
  const shuffled = [...demands];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j] as Demand, shuffled[i] as Demand];
  }
  const wanted = load * capacityOf(trace);
  const arrived: Demand[] = [];
  for (let asked = 0; asked < wanted; ) {
    const demand = shuffled[arrived.length] ?? (demands[Math.floor(random() * demands.length)] as Demand);
    arrived.push(demand);
    asked += milliOf(demand);
  }
  return arrived;
}
