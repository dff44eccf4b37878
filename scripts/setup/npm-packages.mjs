import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { lastLine, quietly } from "./commands.mjs";
import { during, SetupError } from "./progress.mjs";

/**
 * The locked versions. Not `npm ci`: it refuses a lock that lacks optional packages of other platforms, and which of
 * those a lock names depends on what the registry offered where it was written.
 */
const INSTALL = ["install", "--no-save"];

/** What was installed last, so that a second start need not ask npm. */
const mark = (root) => join(root, "node_modules", ".corepool-setup.json");

function lockHash(root) {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

function installed(root) {
  try {
    return JSON.parse(readFileSync(mark(root), "utf8"));
  } catch {
    return undefined;
  }
}

/** Whether somebody has run npm himself since the lock last changed. */
function byHand(root) {
  try {
    const list = statSync(join(root, "node_modules", ".package-lock.json")).mtimeMs;
    return list >= statSync(join(root, "package-lock.json")).mtimeMs;
  } catch {
    return false;
  }
}

/** Node 24, as npm installed it. */
export const node24 = (root) => join(root, "node_modules", ".bin", "node");

async function npm(root, args, what, path) {
  await during(what, async () => {
    // Node 24 trusts only the authorities it carries unless told so: behind a network's own one every fetch would fail.
    const env = { ...process.env, PATH: path, npm_config_update_notifier: "false", NODE_USE_SYSTEM_CA: "1" };
    // npm start hands its own settings down; those of an outer `npm --json` and the like must not reach this one.
    const { code, said } = await quietly("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: root,
      env,
    });
    if (code !== 0)
      throw new SetupError(
        `npm could not install the packages: ${lastLine(said.replace(/^npm (error|notice) A complete log.*$/gm, ""))}`,
      );
  });
}

/**
 * Installs the npm packages when the lock has changed since the last time. `full`: also what only tests and builds need,
 * with Node 24 first in the path, because npm leaves out optional packages (Hardhat's native part) that refuse Node 20.
 */
export async function ensureNpmPackages(root, { full }) {
  const lock = lockHash(root);
  const before = installed(root);
  const usable = existsSync(node24(root)) && (before === undefined ? byHand(root) : before.lock === lock);
  const complete = before?.lock === lock && before.full === true;
  if (full ? complete : usable) return;
  const path = process.env.PATH ?? "";
  // Not `npm ci`: it refuses a lock that lacks packages of other platforms, which a partial mirror of npm may not have.
  // `install --no-save` takes the locked versions all the same and writes neither file.
  if (!usable) await npm(root, ["install", "--no-save", ...(full ? [] : ["--omit=dev"])], "npm packages", path);
  if (full)
    await npm(
      root,
      INSTALL,
      "npm packages that need Node 24",
      `${join(root, "node_modules", ".bin")}${delimiter}${path}`,
    );
  if (!existsSync(node24(root)))
    throw new SetupError(
      `npm has no Node 24 for this platform (${process.platform}-${process.arch}): use Linux on x64 or arm64.`,
    );
  mkdirSync(join(root, "node_modules"), { recursive: true });
  writeFileSync(mark(root), JSON.stringify({ lock, full }));
}
