import { formatBytes } from "@corepool/core/bytes";
import { CorepoolError } from "@corepool/core/errors";
import { type JobSpecInput, jobSpec } from "@corepool/protocol/spec";
import type { z } from "zod";
import { formatDuration, parseCount, parseDuration, parseSize } from "./quantities.ts";

/** The options of `corepool run` that describe the job itself. */
export interface SpecOptions {
  readonly cpu: string;
  readonly memory: string;
  readonly disk: string;
  readonly gpu?: string;
  readonly time: string;
  readonly env: readonly string[];
  readonly needs: readonly string[];
  readonly name?: string;
}

/** Which option gives a field of the specification, and how its limits are written. */
const FLAGS: Readonly<Record<string, readonly [flag: string, write: (limit: number) => string]>> = {
  "resources.cpus": ["--cpu", String],
  "resources.memoryBytes": ["--memory", formatBytes],
  "resources.diskBytes": ["--disk", formatBytes],
  "resources.gpus.count": ["--gpu", String],
  durationSeconds: ["--time", formatDuration],
  name: ["--name", (limit) => `${limit} characters`],
  needs: ["--needs", (limit) => `${limit} names`],
  env: ["--env", String],
  command: ["the command", (limit) => `${limit} words`],
};

function refuse(issue: z.core.$ZodIssue | undefined): never {
  const path = issue?.path.map(String) ?? [];
  const whole = path.join(".");
  const found = [whole, path[0] ?? ""].find((each) => Object.hasOwn(FLAGS, each)) ?? "";
  const [flag, write] = FLAGS[found] ?? [whole, String];
  let limit = `is not acceptable: ${issue?.message ?? "no reason is known"}`;
  if (found === whole && issue?.code === "too_big") limit = `is at most ${write(Number(issue.maximum))}`;
  if (found === whole && issue?.code === "too_small") limit = `is at least ${write(Number(issue.minimum))}`;
  throw new CorepoolError("bad-usage", { detail: `${flag} ${limit}.`, next: "Correct it; nothing was sent." });
}

function variables(pairs: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1)
      throw new CorepoolError("bad-usage", {
        detail: `--env "${pair}" is not a variable.`,
        next: "Write it like --env NAME=value.",
      });
    env[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return env;
}

/** The specification that the options describe. Rejects with `bad-usage`, naming the option, before anybody is asked. */
export function specOf(words: readonly string[], options: SpecOptions): JobSpecInput {
  if ((words[0] ?? "").trim() === "")
    throw new CorepoolError("bad-usage", {
      detail: "The command is empty.",
      next: 'Write it after --, like: corepool run -- python3 -c "print(6*7)"',
    });
  const spec: JobSpecInput = {
    kind: "job",
    ...(options.name === undefined ? {} : { name: options.name }),
    command: [...words],
    env: variables(options.env),
    resources: {
      cpus: parseCount(options.cpu, "--cpu"),
      memoryBytes: parseSize(options.memory, "--memory"),
      diskBytes: parseSize(options.disk, "--disk"),
      gpus: { count: options.gpu === undefined ? 0 : parseCount(options.gpu, "--gpu") },
    },
    durationSeconds: parseDuration(options.time, "--time"),
    needs: [...options.needs],
  };
  const parsed = jobSpec.safeParse(spec);
  if (!parsed.success) refuse(parsed.error.issues[0]);
  return spec;
}
