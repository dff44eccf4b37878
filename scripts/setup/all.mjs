import { ensureConsole } from "./console.mjs";
import { ensureNpmPackages } from "./npm-packages.mjs";
import { missingSystemPackages } from "./system-packages.mjs";

/**
 * Sets a clone up: what the system has to bring, npm's packages, the console's build. Nothing is begun where the system
 * lacks what cannot be installed.
 * @param {string} root of the clone
 * @param {{ readonly tests: boolean }} options tests: also what only tests need
 */
export async function ensureAll(root, { tests }) {
  const installSystemPackages = await missingSystemPackages({ tests });
  // One waits for the network while the other unpacks; what has begun is seen to its end.
  const done = await Promise.allSettled([installSystemPackages(), ensureNpmPackages(root, { full: tests })]);
  for (const each of done) if (each.status === "rejected") throw each.reason;
  await ensureConsole(root, { gallery: tests });
}
