// `npm start`: installs what is missing, starts a whole market on this machine and runs examples/digits on it.
// Runs on the Node 20 of a bare machine, so it is plain JavaScript without packages.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureAll } from "./setup/all.mjs";
import { handOver } from "./setup/commands.mjs";
import { node24 } from "./setup/npm-packages.mjs";
import { stopWith } from "./setup/progress.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

try {
  await ensureAll(root, { tests: false });
} catch (error) {
  stopWith(error);
}
const env = { NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "corepool"), ...process.env };
const words = ["up", "--example", "digits", ...process.argv.slice(2)];
process.exitCode = await handOver(node24(root), [join(root, "apps/cli/src/main.ts"), ...words], { env });
