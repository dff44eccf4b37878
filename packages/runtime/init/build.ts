/**
 * Builds the sandbox's init for every platform whose compiler is here; `--check` compares with the committed binaries
 * instead of replacing them. The bytes are those of Debian 12's gcc 12.2 (packages gcc and gcc-aarch64-linux-gnu).
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FLAGS = [
  "-std=gnu11",
  "-O2",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-ffreestanding",
  "-fno-builtin",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-fno-pie",
  "-static",
  "-no-pie",
  "-nostdlib",
  "-s",
  "-Wl,--build-id=none",
  "-Wl,-z,noexecstack",
  "-Wl,-z,noseparate-code",
  "-Wl,-z,max-page-size=4096",
];
const TARGETS = [
  { name: "init-linux-x64", compilers: ["x86_64-linux-gnu-gcc", "gcc"], machine: "x86_64-linux-gnu" },
  { name: "init-linux-arm64", compilers: ["aarch64-linux-gnu-gcc", "gcc"], machine: "aarch64-linux-gnu" },
];

/** The first compiler that makes code for `machine`, or undefined. */
function compilerFor(target: (typeof TARGETS)[number]): string | undefined {
  return target.compilers.find((compiler) => {
    try {
      return (
        execFileSync(compiler, ["-dumpmachine"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim() ===
        target.machine
      );
    } catch {
      return false;
    }
  });
}

const check = process.argv.includes("--check");
const here = import.meta.dirname;
const scratch = mkdtempSync(join(tmpdir(), "corepool-init-"));
let failed = false;
for (const target of TARGETS) {
  const compiler = compilerFor(target);
  if (compiler === undefined) {
    process.stdout.write(`${target.name}: skipped, no compiler for ${target.machine}\n`);
    continue;
  }
  const out = join(scratch, target.name);
  execFileSync(compiler, [...FLAGS, "-o", out, "init.c"], { cwd: here, stdio: "inherit" });
  const built = readFileSync(out);
  const committed = join(here, "bin", target.name);
  const digest = createHash("sha256").update(built).digest("hex");
  if (!check) {
    writeFileSync(committed, built, { mode: 0o755 });
    process.stdout.write(`${target.name}: ${built.length} bytes, sha256:${digest}\n`);
  } else if (readFileSync(committed).equals(built)) {
    process.stdout.write(`${target.name}: as committed, sha256:${digest}\n`);
  } else {
    failed = true;
    process.stdout.write(
      `${target.name}: the committed binary is not what ${compiler} makes of init.c; run packages/runtime/init/build.ts\n`,
    );
  }
}
rmSync(scratch, { recursive: true });
process.exitCode = failed ? 1 : 0;
