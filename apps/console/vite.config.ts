import { fileURLToPath } from "node:url";
import { lingui, linguiTransformerBabelPreset } from "@lingui/vite-plugin";
import babel from "@rolldown/plugin-babel";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Lingui would look for its settings from where it is started. */
const words = { configPath: at("lingui.config.ts") };

/** With the gallery of kits: development and the browser tests. The build that is served has none of it. */
const gallery = process.env["COREPOOL_CONSOLE_GALLERY"] === "1" || process.argv.includes("dev");

/** The console checks data and never describes it: zod's writer of JSON Schema, which every schema carries, is left out. */
const withoutJsonSchema: Plugin = {
  name: "zod-without-json-schema",
  enforce: "pre",
  resolveId: (source, importer) =>
    importer !== undefined &&
    /\/zod\/v4\/classic\/schemas\.js$/.test(importer.replaceAll("\\", "/")) &&
    /\/(to-json-schema|json-schema-processors)\.js$/.test(source)
      ? at("scripts/no-json-schema.mjs")
      : undefined,
};

/** What changes with a dependency alone: a browser keeps it over every release of ours. */
const FOUNDATION = [
  {
    name: "foundation",
    test: /rolldown\/runtime|\/node_modules\/(react|react-dom|scheduler|use-sync-external-store|@tanstack\/[^/]+|@lingui\/(core|react)|zod)\//,
    priority: 2,
  },
];

/** What nearly every screen draws first comes with the shell: on a slow line a small file costs as much as a large one. */
const FIRST_VIEW = [
  {
    name: "base",
    test: /\/src\/(main\.tsx|kit\/(table\/table|ui\/(page|inspector)|values\/(money|workload-state))\.tsx|data\/whole-list\.ts)$/,
    priority: 1,
  },
];

export default defineConfig({
  plugins: [
    withoutJsonSchema,
    react(),
    lingui({ ...words, failOnMissing: true, failOnCompileError: true }),
    babel({ presets: [linguiTransformerBabelPreset(undefined, words)] }),
    tailwindcss(),
  ],
  resolve: { alias: { "#gallery": at(gallery ? "src/gallery/all.ts" : "src/gallery/none.ts") } },
  build: {
    target: "es2024",
    outDir: gallery ? "dist-gallery" : "dist",
    manifest: true,
    // Inlined bytes would have to be allowed as data: URLs; every asset stays a file of ours.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What every page needs is two files: fifty small ones compress worse, and each is a request.
    rolldownOptions: { output: { codeSplitting: { groups: [...FOUNDATION, ...FIRST_VIEW] } } },
  },
  server: { proxy: { "/v1": process.env["COREPOOL_URL"] ?? "http://localhost:8080" } },
});
