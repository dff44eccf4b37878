#!/usr/bin/env node
// Runs the command line under the Node that npm installed beside it: the sources are TypeScript, which needs Node 24.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const main = join(here, "..", "src", "main.ts");
// Compiled sources are kept between starts: it halves the time to the first word.
const cache = join(here, "..", "..", "..", "node_modules", ".cache", "corepool");

if (Number.parseInt(process.versions.node, 10) >= 24) {
  nodeModule.enableCompileCache?.(cache);
  await import(main);
} else {
  const node = join(here, "..", "..", "..", "node_modules", ".bin", "node");
  if (!existsSync(node)) {
    console.error(`corepool needs Node 24, and npm has not installed it at ${node}. Run: npm install`);
    process.exit(7);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  // Ctrl-C reaches the child by itself (same terminal); what is sent to this process alone is passed on.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 70);
    process.exit(signal === "SIGINT" ? 130 : 143);
  });
  child.on("error", (error) => {
    console.error(`Node 24 could not be started: ${error.message}`);
    process.exit(7);
  });
}
