import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "@corepool/core/hex";
import { gpTokenAbi } from "@corepool/protocol/abi/gp-token.gen";
import type { Market } from "@corepool/protocol/resources";
import { keySigner } from "@corepool/sdk/adapters/key";
import { systemClock, systemFetch, systemRandom } from "@corepool/sdk/adapters/system";
import { deposit, type MarketChain, openChain } from "@corepool/sdk/chain";
import { createClient, type Fetch } from "@corepool/sdk/client";
import type { RunContext } from "@corepool/sdk/run";
import { withWallet } from "@corepool/sdk/sign-in";
import { http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

const CASH = 50n * 10n ** 18n;
const GAS_MONEY = 10n ** 19n;

/** A client with a wallet of its own, so that many order at the same time without sharing one row of nonces. */
export interface ChaosClient {
  readonly context: RunContext;
  readonly chain: MarketChain;
}

async function rpc(url: string, method: string, params: readonly unknown[]): Promise<void> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const answer = (await response.json()) as { readonly error?: { readonly message: string } };
  if (answer.error !== undefined) throw new Error(`the node refused ${method}: ${answer.error.message}`);
}

/** Makes clients and brings play money of the market's own wallet into their cash. `fetch`: how they reach it. */
export async function fundedClients(
  place: { readonly home: string; readonly url: string; readonly rpcUrl: string },
  market: Market,
  count: number,
  fetch: Fetch = systemFetch,
): Promise<readonly ChaosClient[]> {
  const chainOf = (key: Hex) =>
    openChain({
      transport: http(place.rpcUrl, { retryCount: 0 }),
      chainId: market.chainId,
      market: market.contracts.leaseMarket,
      account: privateKeyToAccount(key),
    });
  const bank = await chainOf((await readFile(join(place.home, "keys", "client"), "utf8")).trim() as Hex);
  const clients: ChaosClient[] = [];
  for (let i = 0; i < count; i++) {
    const key = generatePrivateKey();
    const signer = keySigner(key);
    await rpc(place.rpcUrl, "anvil_setBalance", [signer.address, `0x${GAS_MONEY.toString(16)}`]);
    await bank.send(market.contracts.gp, {
      abi: gpTokenAbi,
      functionName: "transfer",
      args: [signer.address, CASH],
    });
    const chain = await chainOf(key);
    await deposit(chain, signer.address, market.contracts.gp, CASH);
    const client = createClient({
      url: place.url,
      fetch,
      clock: systemClock,
      random: systemRandom,
      patienceMs: 60_000,
    });
    clients.push({ chain, context: { client: withWallet(client, signer), market, signer } });
  }
  return clients;
}
