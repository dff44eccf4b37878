// Draws what stands on each screen's page before its code runs.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "vite";

/** What the console asks of a browser while it draws: nobody looks, and nothing is known of whoever will. */
function standIn() {
  const navigator = { onLine: true, languages: ["en"], language: "en" };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  globalThis.location = { origin: "http://localhost", pathname: "/", search: "" };
  globalThis.matchMedia = () => ({ matches: false });
  globalThis.document = { documentElement: {} };
}

/** What a page may not have before its code runs: styles in attributes, which its policy forbids, and the marks of what is ready. */
const plain = (html) => html.replace(/ style="[^"]*"/g, "").replace(/ data-page-title(="[^"]*")?/g, "");

/** Resolves with `src/frame.tsx`'s `frameOf`, whose HTML fits the page's policy. */
export async function frames(root) {
  const folder = mkdtempSync(join(root, "node_modules/.frames-"));
  try {
    await build({
      root,
      configFile: join(root, "vite.config.ts"),
      logLevel: "error",
      mode: "production",
      ssr: { noExternal: true },
      build: {
        ssr: "src/frame.tsx",
        outDir: folder,
        manifest: false,
        rolldownOptions: { output: { codeSplitting: false } },
      },
    });
    standIn();
    const { frameOf } = await import(pathToFileURL(join(folder, "frame.js")).href);
    return async (...of) => plain(await frameOf(...of));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
