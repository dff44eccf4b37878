import { chmod, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "@corepool/core/hex";
import { mandateData, structHash } from "@corepool/protocol/eip712";
import { address, hex } from "@corepool/protocol/primitives";
import type { Market } from "@corepool/protocol/resources";
import { type MandateMessage, mandateMessage } from "@corepool/protocol/spec";
import { z } from "zod";
import { readJson, systemCode, writePrivate } from "./files.ts";
import type { Home } from "./home.ts";

const schema = z.object({
  /** What the coordinator calls it; null while it has not answered. */
  id: z.string().nullable(),
  /** What the chain calls it: the EIP-712 struct hash. */
  hash: hex,
  url: z.string(),
  rpcUrl: z.string().nullable(),
  chainId: z.int(),
  market: address,
  mandate: mandateMessage,
  signature: hex,
});
/** A mandate as it was signed here, with the road to the chain that can revoke it. */
export type KeptMandate = z.infer<typeof schema>;

/** What is kept of a mandate that is about to be signed for the coordinator at `url`. */
export function keptMandate(
  url: string,
  rpcUrl: string | null,
  market: Market,
  mandate: MandateMessage,
): Omit<KeptMandate, "signature"> {
  const { chainId } = market;
  const { leaseMarket } = market.contracts;
  const hash: Hex = structHash(mandateData({ chainId, market: leaseMarket }, mandate));
  return { id: null, hash, url, rpcUrl, chainId, market: leaseMarket, mandate };
}

/** Keeps a mandate under its hash: whatever id a coordinator gives, it cannot take another's place. Owner only. */
export async function saveMandate(home: Home, kept: KeptMandate): Promise<void> {
  await mkdir(home.mandates, { recursive: true, mode: 0o700 });
  await chmod(home.mandates, 0o700);
  await writePrivate(join(home.mandates, `${kept.hash}.json`), `${JSON.stringify(kept, undefined, 2)}\n`);
}

/** Every mandate signed here that bears this id or this hash: a dishonest coordinator may give one id twice. */
export async function keptMandates(home: Home, name: string): Promise<readonly KeptMandate[]> {
  const files = await readdir(home.mandates).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  });
  const found: KeptMandate[] = [];
  for (const file of files.filter((each) => /^0x[0-9a-f]{64}\.json$/.test(each))) {
    const kept = schema.safeParse(await readJson(join(home.mandates, file))).data;
    if (kept !== undefined && (kept.id === name || kept.hash === name)) found.push(kept);
  }
  return found;
}
