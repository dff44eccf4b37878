import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** What the console may weigh: bytes, gzip where it is sent compressed. Usage: node console-budget.ts [dist]. Exits 1 with a line per excess. */
const LIMITS = { first: 150 * 1024, lazy: 110 * 1024, css: 25 * 1024, fonts: 60 * 1024 } as const;

interface Chunk {
  readonly file: string;
  readonly src?: string;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
}

const dist = process.argv[2] ?? "apps/console/dist";
const manifestPath = join(dist, ".vite/manifest.json");
if (!existsSync(manifestPath)) {
  console.error(`console budget: there is no build in ${dist}`);
  process.exit(1);
}
const manifest = JSON.parse(readFileSync(manifestPath, "utf8")) as Readonly<Record<string, Chunk>>;
const gzip = (file: string): number => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;

/** A chunk and everything that it cannot run without. */
function closure(keys: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (key: string): void => {
    if (found.has(key)) return;
    found.add(key);
    for (const next of manifest[key]?.imports ?? []) visit(next);
  };
  keys.forEach(visit);
  return found;
}

const keys = Object.keys(manifest);
const page = readFileSync(join(dist, "index.html"), "utf8");
const entry = keys.filter((key) => page.includes(`type="module" crossorigin src="/${manifest[key]?.file}"`));
// The first route: what opening the market downloads before it stands, its words among it.
const market = keys.filter((key) =>
  /screens\/market\/page\.tsx$|screens\/market\/locales\/ko\.po$|src\/locales\/ko\.po$/.test(manifest[key]?.src ?? ""),
);
const scripts = (list: ReadonlySet<string>): readonly string[] =>
  [...new Set([...list].map((key) => manifest[key]?.file ?? ""))].filter((file) => file.endsWith(".js"));
const firstFiles = scripts(closure([...entry, ...market]));
const first = firstFiles.reduce((sum, file) => sum + gzip(file), 0);
const assets = readdirSync(join(dist, "assets"));
const over: string[] = [];
const check = (what: string, bytes: number, limit: number): void => {
  console.log(`${what}: ${(bytes / 1024).toFixed(1)} of ${limit / 1024} KiB`);
  if (bytes > limit) over.push(what);
};
if (entry.length === 0 || market.length < 3)
  over.push("first route: the build does not have the entry and the market that it is measured by");
check("first route, JavaScript", first, LIMITS.first);
const lazy = assets
  .filter((file) => file.endsWith(".js") && !firstFiles.includes(`assets/${file}`))
  .map((file) => [file, gzip(`assets/${file}`)] as const);
for (const [file, bytes] of lazy)
  if (bytes > LIMITS.lazy) over.push(`lazy chunk ${file}, ${(bytes / 1024).toFixed(1)} KiB`);
check("largest lazy chunk", Math.max(0, ...lazy.map(([, bytes]) => bytes)), LIMITS.lazy);
check(
  "style sheets",
  assets.filter((file) => file.endsWith(".css")).reduce((sum, file) => sum + gzip(`assets/${file}`), 0),
  LIMITS.css,
);
check(
  "fonts",
  assets
    .filter((file) => file.endsWith(".woff2"))
    .reduce((sum, file) => sum + statSync(join(dist, "assets", file)).size, 0),
  LIMITS.fonts,
);
for (const what of over) console.error(`console budget: over: ${what}`);
process.exit(over.length === 0 ? 0 : 1);
