// Lays the files of the examples that the console can run beside its page, so that a browser has them without a network.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const EXAMPLES = ["digits"];

/** Copies `examples/NAME` to `out/examples/NAME`: its job.json, and every input under the name that the job reads it by. */
export function copyExamples(repository, out) {
  for (const name of EXAMPLES) {
    const folder = join(repository, "examples", name);
    const target = join(out, "examples", name);
    const job = JSON.parse(readFileSync(join(folder, "job.json"), "utf8"));
    mkdirSync(target, { recursive: true });
    if (job.prepare !== undefined) {
      const [program, ...words] = job.prepare.map((word) => word.replaceAll("{data}", target));
      execFileSync(program, words, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    }
    for (const [path, local] of Object.entries(job.inputs))
      if (!local.startsWith("{data}/")) copyFileSync(join(folder, local), join(target, path));
    const { prepare: _, inputs, ...rest } = job;
    writeFileSync(join(target, "job.json"), JSON.stringify({ ...rest, inputs: Object.keys(inputs) }));
  }
}
