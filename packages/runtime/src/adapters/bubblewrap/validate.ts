import { isAbsolute } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import type { SandboxSpec } from "@corepool/core/ports/runtime";
import { workspacePath } from "@corepool/protocol/primitives";

const bad = (detail: string): CorepoolError =>
  new CorepoolError("bad-request", { detail, next: "Correct the workload's specification." });
const positive = (value: number): boolean => Number.isFinite(value) && value > 0;

/** Refuses a specification that could reach beyond its workspace or that makes no sense. Nothing was changed before. */
export function validateSpec(spec: SandboxSpec): void {
  if (!/^[a-z0-9_-]{1,64}$/.test(spec.id)) throw bad("A sandbox's id is 1 to 64 of a-z, 0-9, - and _.");
  if (spec.probeKey.length !== 32) throw bad("The probe key must be 32 bytes.");
  if (!positive(spec.deadlineSeconds) || spec.deadlineSeconds > 366 * 86_400)
    throw bad("The deadline must be between a moment and a year.");
  const { cpus, memoryBytes, diskBytes, pids } = spec.limits;
  if (![cpus, memoryBytes, diskBytes, pids].every(positive)) throw bad("Every limit of a sandbox must be above zero.");
  for (const name of Object.keys(spec.env))
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw bad(`"${name}" is not a name for a variable.`);
  const paths = new Set<string>();
  for (const { path, hostFile } of spec.inputs) {
    if (!workspacePath.safeParse(path).success)
      throw new CorepoolError("path-escape", {
        detail: `The input path ${JSON.stringify(path)} is not a plain path below /work.`,
        next: "Use a relative path without . or .. parts.",
      });
    if (path === "outputs" || path.startsWith("outputs/"))
      throw bad("Inputs may not lie in outputs/, which is for the workload's results.");
    if (!isAbsolute(hostFile)) throw bad("An input's file on the host must be an absolute path.");
    if (paths.has(path)) throw bad(`Two inputs have the path ${path}.`);
    paths.add(path);
  }
  for (const path of paths) {
    const parents = path
      .split("/")
      .slice(0, -1)
      .map((_, i, parts) => parts.slice(0, i + 1).join("/"));
    const clash = parents.find((parent) => paths.has(parent));
    if (clash !== undefined) throw bad(`The input ${clash} cannot be a file and the folder of ${path}.`);
  }
}
