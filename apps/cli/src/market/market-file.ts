import { rm } from "node:fs/promises";
import { z } from "zod";
import { readJson, writePrivate } from "../files.ts";
import type { Home } from "../home.ts";

const schema = z.object({
  pid: z.int(),
  url: z.string(),
  rpcUrl: z.string(),
  metricsUrl: z.string(),
  startedAt: z.string(),
  /** Process numbers of the parts, as they are now. */
  parts: z.record(z.string(), z.int()),
  /** When each of them started, as `startOf` has it: tells them from later processes with the same numbers. */
  starts: z.record(z.string(), z.string().nullable()).optional(),
});
/** What a running market says about itself on disk. */
export type MarketFile = z.infer<typeof schema>;

/** Undefined when no market was started here, or it has been stopped. */
export async function readMarketFile(home: Home): Promise<MarketFile | undefined> {
  return schema.safeParse(await readJson(home.market)).data;
}

export function writeMarketFile(home: Home, file: MarketFile): Promise<void> {
  return writePrivate(home.market, `${JSON.stringify(file, undefined, 2)}\n`);
}

export function removeMarketFile(home: Home): Promise<void> {
  return rm(home.market, { force: true });
}
