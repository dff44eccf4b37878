import { z } from "zod";
import { readJson } from "./files.ts";
import type { JobResult } from "./run-job.ts";

const MAX_BYTES = 64 * 1024;

/** What a job wrote to outputs/metrics.json, when it is a small flat object. A job's own claim, shown as such. */
export async function metricsOf(result: JobResult): Promise<Readonly<Record<string, string | number>>> {
  const file = result.files.find((f) => f.path === "metrics.json" && f.sizeBytes <= MAX_BYTES);
  if (file === undefined || file.file === "") return {};
  const flat = z.record(z.string().max(80), z.unknown()).safeParse(await readJson(file.file)).data ?? {};
  const plain: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(flat)) {
    if (typeof value === "number" || (typeof value === "string" && value.length <= 120)) plain[name] = value;
  }
  return plain;
}
