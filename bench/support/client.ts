import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "@corepool/core/hex";
import { getMarket } from "@corepool/protocol/routes/market";
import { keySigner } from "@corepool/sdk/adapters/key";
import { systemClock, systemFetch, systemRandom } from "@corepool/sdk/adapters/system";
import { call } from "@corepool/sdk/call";
import { deposit, openChain } from "@corepool/sdk/chain";
import { createClient } from "@corepool/sdk/client";
import type { RunContext } from "@corepool/sdk/run";
import { withWallet } from "@corepool/sdk/sign-in";
import { http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { BenchMarket } from "./up.ts";

/** A coordinator that counts no requests: what is measured is the work. */
export const UNLIMITED = {
  COREPOOL_WRITES_PER_MINUTE: "1000000",
  COREPOOL_READS_PER_MINUTE: "1000000",
  COREPOOL_MATCHES_PER_MINUTE: "1000000",
  COREPOOL_STREAMS_PER_MINUTE: "1000000",
} as const;

/** The market's own client, with play money in its ledger. */
export async function clientOf(market: BenchMarket): Promise<RunContext> {
  const key = (await readFile(join(market.home, "keys", "client"), "utf8")).trim() as Hex;
  const signer = keySigner(key);
  const client = withWallet(
    createClient({ url: market.url, fetch: systemFetch, clock: systemClock, random: systemRandom }),
    signer,
  );
  const rules = await call(client, getMarket, {});
  const chain = await openChain({
    transport: http(market.rpcUrl),
    chainId: rules.chainId,
    market: rules.contracts.leaseMarket,
    account: privateKeyToAccount(key),
  });
  await deposit(chain, signer.address, rules.contracts.gp, 500n * 10n ** 18n);
  return { client, market: rules, signer };
}
