import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ALL_ROUTES } from "./all-routes.ts";
import { openApiDocument } from "./document.ts";

/** Writes apps/coordinator/openapi.json: run it after a change to the protocol's routes. */
const target = join(import.meta.dirname, "..", "..", "openapi.json");
await writeFile(target, `${JSON.stringify(openApiDocument(ALL_ROUTES, "/"), null, 2)}\n`);
console.log(`wrote ${target}`);
