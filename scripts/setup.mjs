// Sets a clone up for work: npm packages (all of them), Node 24, and what the system has to bring.
// Runs on the Node 20 of a bare machine, so it is plain JavaScript without packages.
import { fileURLToPath } from "node:url";
import { ensureAll } from "./setup/all.mjs";
import { stopWith } from "./setup/progress.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

try {
  await ensureAll(root, { tests: true });
} catch (error) {
  stopWith(error);
}
