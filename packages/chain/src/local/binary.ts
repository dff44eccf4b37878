import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/**
 * Where the node's program is: the package for this platform carries it, so no install script has to run.
 * Rejects with `setup-failed` when npm has left the package out.
 */
export function anvilBinary(platform: string = process.platform, architecture: string = process.arch): string {
  const name = `@foundry-rs/anvil-${platform}-${ARCHITECTURES[architecture] ?? architecture}`;
  try {
    const program = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), "bin", "anvil");
    if (existsSync(program)) return program;
  } catch {
    // Not installed: said below.
  }
  throw new CorepoolError("setup-failed", {
    detail: `The local chain needs the npm package ${name}, which is not installed.`,
    next: "Run npm install with optional packages, or use a machine with Linux or macOS on x64 or arm64.",
  });
}
