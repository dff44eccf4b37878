// Sets a clone up for work: npm packages (all of them), Node 24, and what the system has to bring.
// Runs on the Node 20 of a bare machine, so it is plain JavaScript without packages.
import { fileURLToPath } from "node:url";
import { ensureConsole } from "./setup/console.mjs";
import { ensureNpmPackages } from "./setup/npm-packages.mjs";
import { stopWith } from "./setup/progress.mjs";
import { ensureSystemPackages } from "./setup/system-packages.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

try {
  await ensureSystemPackages({ tests: true });
  await ensureNpmPackages(root, { full: true });
  await ensureConsole(root, { gallery: true });
} catch (error) {
  stopWith(error);
}
