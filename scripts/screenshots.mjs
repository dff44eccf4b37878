// `npm run screenshots`: pictures of every screen in both themes, wide and on a phone. See e2e/console/screenshots.ts.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureAll } from "./setup/all.mjs";
import { handOver } from "./setup/commands.mjs";
import { node24 } from "./setup/npm-packages.mjs";
import { stopWith } from "./setup/progress.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

try {
  await ensureAll(root, { tests: true });
} catch (error) {
  stopWith(error);
}
process.exitCode = await handOver(node24(root), [join(root, "e2e/console/screenshots.ts"), ...process.argv.slice(2)]);
