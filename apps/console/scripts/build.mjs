// Builds the console into `dist`, or with COREPOOL_CONSOLE_GALLERY=1, with the gallery of kits, into `dist-gallery`.
// Nothing is fetched, and the same sources make the same bytes.
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
await build({ root, configFile: `${root}vite.config.ts`, logLevel: "warn", mode: "production" });
