import type { JobSpecInput } from "@corepool/protocol/spec";
import { systemFetch } from "@corepool/sdk/adapters/system";
import { z } from "zod";
import { type InputFile, inputOfBytes, specInputs } from "./inputs.ts";
import { secondsOf, sizeOf } from "./quantities.ts";

const schema = z.object({
  name: z.string(),
  command: z.array(z.string()),
  cpu: z.int(),
  memory: z.string(),
  disk: z.string(),
  time: z.string(),
  needs: z.array(z.string()).default([]),
  inputs: z.array(z.string()),
});

/** An example, ready to be filled in. */
export interface Example {
  readonly spec: JobSpecInput;
  readonly files: readonly InputFile[];
}

async function fileOf(name: string, path: string): Promise<Response> {
  const response = await systemFetch(`/examples/${name}/${path}`, {});
  if (!response.ok) throw new Error(`/examples/${name}/${path}: ${response.status}`);
  return response;
}

/** An example that lies beside the console: its specification and its files. */
export async function exampleNamed(name: string): Promise<Example> {
  const job = schema.parse(await (await fileOf(name, "job.json")).json());
  const files = await Promise.all(
    job.inputs.map(async (path) => inputOfBytes(path, new Uint8Array(await (await fileOf(name, path)).arrayBuffer()))),
  );
  const spec: JobSpecInput = {
    kind: "job",
    name: job.name,
    command: job.command,
    resources: { cpus: job.cpu, memoryBytes: sizeOf(job.memory), diskBytes: sizeOf(job.disk), gpus: { count: 0 } },
    inputs: specInputs(files),
    durationSeconds: secondsOf(job.time),
    needs: job.needs,
  };
  return { spec, files };
}
