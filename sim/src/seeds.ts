import { readdirSync, readFileSync } from "node:fs";
import { z } from "zod";

/** A seed that once showed a defect, with what it showed; it is run with every test, for ever. */
const kept = z.strictObject({
  seed: z.int(),
  /** The defect, in a line. */
  showed: z.string().min(20),
  /** What was set by hand instead of drawn, when anything was. */
  swarm: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])).default({}),
});
export type KeptSeed = z.infer<typeof kept> & { readonly name: string };

const FOLDER = new URL("../seeds/", import.meta.url);

/** All kept seeds. */
export function keptSeeds(): readonly KeptSeed[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => ({
      name: file.slice(0, -".json".length),
      ...kept.parse(JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"))),
    }));
}
