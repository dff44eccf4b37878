import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lastLine, quietly } from "./commands.mjs";
import { node24 } from "./npm-packages.mjs";
import { during, SetupError } from "./progress.mjs";

/** What a build was made of, beside it. */
export const MARK = ".sources";

/** Everything that a build of the console depends on. */
const SOURCES = [
  "apps/console/src",
  "apps/console/public",
  "apps/console/scripts",
  "apps/console/index.html",
  "apps/console/package.json",
  "apps/console/vite.config.ts",
  "apps/console/lingui.config.ts",
  "packages/core/src",
  "packages/protocol/src",
  "packages/sdk/src",
  "examples/digits",
  "package-lock.json",
];

function filesBelow(path) {
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch {
    return existsSync(path) ? [path] : [];
  }
  return entries.flatMap((entry) =>
    entry.isDirectory()
      ? filesBelow(join(path, entry.name))
      : entry.isFile() && !entry.name.endsWith(".test.ts")
        ? [join(path, entry.name)]
        : [],
  );
}

/** The hash of the sources, by names and contents: the clock of a checkout says nothing. */
export function fingerprint(root) {
  const hash = createHash("sha256");
  for (const path of SOURCES.flatMap((source) => filesBelow(join(root, source))).sort((a, b) => (a < b ? -1 : 1))) {
    hash.update(`${path.slice(root.length)}\0`).update(createHash("sha256").update(readFileSync(path)).digest());
  }
  return hash.digest("hex");
}

/** Whether a build is there and is of these sources. */
function isFresh(root, out) {
  try {
    return readFileSync(join(root, "apps/console", out, MARK), "utf8") === fingerprint(root);
  } catch {
    return false;
  }
}

/**
 * Builds the console when it was not, or when its sources are others now. `gallery`: also the build with the gallery of
 * kits, which tests look at.
 */
export async function ensureConsole(root, { gallery }) {
  for (const [out, env] of [["dist", {}], ...(gallery ? [["dist-gallery", { COREPOOL_CONSOLE_GALLERY: "1" }]] : [])]) {
    if (isFresh(root, out)) continue;
    await during(out === "dist" ? "web console" : "web console with its gallery", async () => {
      const { code, said } = await quietly(node24(root), ["apps/console/scripts/build.mjs"], {
        cwd: root,
        env: { ...process.env, NODE_ENV: "production", ...env },
      });
      if (code !== 0) throw new SetupError(`The web console could not be built: ${lastLine(said)}`);
    });
  }
}
