// Writes the page of each screen in each language: the page of all of them, which also shows the frame of that screen,
// and names what it is made of and reads first, so that a browser asks for everything at once and not for one after the other.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { frames } from "./frames.mjs";

const LOCALES = ["en", "ko"];
/** Screens that begin alike for everybody. Of the others the frame alone stands before it is known who looks. */
const ALIKE = ["market", "network"];

/** Files of a chunk and of everything that it cannot run without. */
function filesOf(manifest, key, found = new Set()) {
  const chunk = manifest[key];
  if (chunk === undefined) throw new Error(`The build has no ${key}.`);
  if (found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const next of chunk.imports ?? []) filesOf(manifest, next, found);
  return found;
}

/** Paths of the API that a screen reads first: those for everybody, and those for whoever is signed in. */
function readsOf(reads, perPage) {
  const paths = { open: [], own: [] };
  for (const { route, whole } of reads)
    paths[route.scopes === "public" ? "open" : "own"].push(`${route.path}${whole ? `?limit=${perPage}` : ""}`);
  return paths;
}

/** Writes `pages/PATH.LOCALE.html` below `out`; in PATH dots stand for slashes, and `$` for a parameter. */
export async function writePages(root, out) {
  const manifest = JSON.parse(readFileSync(join(out, ".vite/manifest.json"), "utf8"));
  const page = readFileSync(join(out, "index.html"), "utf8");
  const scripts = [...page.matchAll(/ *<script type="module" crossorigin src="(.+)"><\/script>\n/g)];
  const code = scripts.map(([, src]) => src).join(" ");
  if (code === "") throw new Error("The page has no scripts.");
  const { firstReads, PER_PAGE } = await import(new URL("../src/app/first-reads.ts", import.meta.url));
  const frameOf = await frames(root);
  mkdirSync(join(out, "pages"));
  for (const { name } of readdirSync(join(root, "src/screens"), { withFileTypes: true }).filter((e) =>
    e.isDirectory(),
  )) {
    const screen = (await import(new URL(`../src/screens/${name}/screen.ts`, import.meta.url))).default;
    const { open, own } = readsOf(firstReads(name), PER_PAGE);
    const path = screen.path.slice(1).replaceAll("/", ".").replace(/\$\w+/g, "$");
    for (const locale of LOCALES) {
      const keys = [
        `src/screens/${name}/page.tsx`,
        `src/locales/${locale}.po`,
        `src/screens/${name}/locales/${locale}.po`,
      ];
      const files = new Set(keys.flatMap((key) => [...filesOf(manifest, key)]));
      const styles = new Set(
        [...files].flatMap((file) => Object.values(manifest).find((c) => c.file === file)?.css ?? []),
      );
      const links = [
        ...[...styles]
          .filter((file) => !page.includes(`/${file}"`))
          .map((file) => `rel="stylesheet" crossorigin href="/${file}"`),
        ...[...files].map((file) => `rel="modulepreload" crossorigin href="/${file}"`),
      ].map((link) => `    <link ${link}>\n`);
      const first = `data-path="${screen.path}" data-open="${open.join(" ")}" data-own="${own.join(" ")}" data-code="${code}"`;
      const frame = await frameOf(screen.path, locale, ALIKE.includes(name));
      const html = page
        .replace('<html lang="en">', `<html lang="${locale}">`)
        .replace(/ *<script type="module".+\n/g, "")
        .replace('<script src="/first-paint.js">', () => `<script src="/first-paint.js" ${first}>`)
        .replace("  </head>", () => `${links.join("")}  </head>`)
        .replace('<div id="root">', () => `<div id="root"><div inert data-frame>${frame}</div>`);
      writeFileSync(join(out, "pages", `${path}.${locale}.html`), html);
    }
  }
}
