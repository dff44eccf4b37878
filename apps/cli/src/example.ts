import { execFile } from "node:child_process";
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CorepoolError } from "@corepool/core/errors";
import type { Market } from "@corepool/protocol/resources";
import { z } from "zod";
import { tokenOf } from "./connection.ts";
import type { Context } from "./context.ts";
import { readJson } from "./files.ts";
import { namedInputs } from "./inputs.ts";
import { parseDuration, parseSize } from "./quantities.ts";
import type { JobWish } from "./run-job.ts";

const EXAMPLES = fileURLToPath(new URL("../../../examples", import.meta.url));

/** examples/<name>/job.json: the options of `corepool run`, and how to prepare the inputs. */
const schema = z.strictObject({
  name: z.string(),
  /** Run in the example's folder while its data are missing; `{data}` is a folder that is kept between runs. */
  prepare: z.array(z.string()).optional(),
  command: z.array(z.string()).min(1),
  cpu: z.int().min(1),
  memory: z.string(),
  disk: z.string(),
  time: z.string(),
  needs: z.array(z.string()).default([]),
  /** path in the job → local path, relative to the example's folder; `{data}` as above. */
  inputs: z.record(z.string(), z.string()),
});

/** What examples/<name>/job.json says. Rejects with `bad-usage` when there is none. */
export async function exampleNamed(name: string): Promise<z.infer<typeof schema>> {
  const file = join(EXAMPLES, name, "job.json");
  const parsed = /^[a-z0-9-]+$/.test(name) ? schema.safeParse(await readJson(file)) : undefined;
  if (parsed?.success === true) return parsed.data;
  throw new CorepoolError("bad-usage", {
    detail: `There is no example "${name}" with a readable job.json.`,
    next: `Look into ${EXAMPLES}.`,
  });
}

/** An example as a job. Its prepare step runs on this machine, without a sandbox: it is part of this repository. */
export async function exampleWish(context: Context, market: Market, name: string): Promise<JobWish> {
  const folder = join(EXAMPLES, name);
  const job = await exampleNamed(name);
  const data = join(context.home.dir, "examples", name);
  const fill = (text: string): string => text.replaceAll("{data}", data);
  const made = Object.values(job.inputs).filter((local) => local.startsWith("{data}"));
  const there = await Promise.all(
    made.map((local) =>
      access(fill(local)).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (job.prepare !== undefined && there.includes(false)) {
    await mkdir(data, { recursive: true });
    const [program = "", ...words] = job.prepare.map(fill);
    await promisify(execFile)(program, words, { cwd: folder }).catch((error: unknown) => {
      const said =
        error instanceof Error && "stderr" in error ? String(error.stderr).trim().split("\n").at(-1) : String(error);
      throw new CorepoolError("setup-failed", {
        detail: `The data of examples/${name} could not be prepared: ${said}`,
        next: "corepool doctor says what is missing.",
      });
    });
  }
  return {
    token: tokenOf(market, "GP"),
    inputs: await namedInputs(
      Object.entries(job.inputs).map(([path, local]) => `${path}=${fill(local)}`),
      folder,
    ),
    maxRate: undefined,
    maxEscrow: undefined,
    requireCgroup: false,
    outputs: undefined,
    spec: {
      kind: "job",
      name: job.name,
      command: job.command,
      resources: {
        cpus: job.cpu,
        memoryBytes: parseSize(job.memory, "memory"),
        diskBytes: parseSize(job.disk, "disk"),
        gpus: { count: 0 },
      },
      durationSeconds: parseDuration(job.time, "time"),
      needs: job.needs,
    },
  };
}
