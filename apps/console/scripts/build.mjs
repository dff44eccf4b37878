// Builds the console into `dist`, or with COREPOOL_CONSOLE_GALLERY=1, with the gallery of kits, into `dist-gallery`.
// Nothing is fetched, and the same sources make the same bytes. Beside each text lies the same compressed.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";
import { fingerprint, MARK } from "../../../scripts/setup/console.mjs";
import { copyExamples } from "./examples.mjs";
import { writePages } from "./pages.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const out = join(root, process.env.COREPOOL_CONSOLE_GALLERY === "1" ? "dist-gallery" : "dist");
const made = fingerprint(repository);

// Lingui looks for its settings from where it is started.
process.chdir(root);

rmSync(out, { recursive: true, force: true });
await build({ root, configFile: join(root, "vite.config.ts"), logLevel: "warn", mode: "production" });
copyExamples(repository, out);
await writePages(root, out);
for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(js|css|html|svg|csv)$/.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const bytes = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }));
}
// Last, so that a build that broke off is made again.
writeFileSync(join(out, MARK), made);
// React, which drew the frames, listens for its own messages for as long as the process lives.
process.exit(0);
