// `npm run screenshots`: pictures of every screen in both themes, wide and on a phone. See e2e/console/screenshots.ts.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { handOver } from "./setup/commands.mjs";
import { ensureConsole } from "./setup/console.mjs";
import { ensureNpmPackages, node24 } from "./setup/npm-packages.mjs";
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
process.exitCode = await handOver(node24(root), [join(root, "e2e/console/screenshots.ts"), ...process.argv.slice(2)]);
