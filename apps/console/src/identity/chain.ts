import { CorepoolError, codeOf } from "@corepool/core/errors";
import { type Address, sameAddress } from "@corepool/core/hex";
import type { Market } from "@corepool/protocol/resources";
import { checkToken, type MarketChain, openChain } from "@corepool/sdk/chain";
import { http, type Transport } from "viem";
import { checkMarket } from "../data/known-market.ts";
import { keyError } from "./failure.ts";
import type { KeyHome } from "./port.ts";

const through = (market: Market, transport: Transport): Promise<MarketChain> =>
  openChain({ transport, chainId: market.chainId, market: market.contracts.leaseMarket });

/** The market's chain, read through the endpoint that the market names. Rejects (`no-rpc`) where it names none. */
export async function marketsChain(market: Market): Promise<MarketChain> {
  if (market.rpcUrl === null) throw keyError("no-rpc", "The market names no RPC endpoint for its clients.");
  return through(market, http(market.rpcUrl, { retryCount: 1, timeout: 10_000 }));
}

/** The market's chain for whoever holds a key: through the market's endpoint, and where it names none the wallet's own. */
export async function chainFor(market: Market, home: KeyHome): Promise<MarketChain> {
  if (market.rpcUrl !== null) return marketsChain(market);
  return through(market, (await home.chainAccess(null, market.chainId)).transport);
}

/** The market's chain, with the account of a key that can send. `patienceMs`: how long a transaction may take to a block. */
export async function sendingChain(market: Market, home: KeyHome, patienceMs?: number): Promise<MarketChain> {
  return openChain({
    ...(await home.chainAccess(market.rpcUrl, market.chainId)),
    chainId: market.chainId,
    market: market.contracts.leaseMarket,
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
}

/**
 * Holds what the coordinator says of the market to what it has said before, and what it says of a token against the chain:
 * amounts were shown and agreed to by it. Rejects (`other-market`) where they differ.
 */
export async function checkShown(market: Market, chain: MarketChain, token: Address): Promise<void> {
  checkMarket(market);
  const said = market.tokens.find((each) => sameAddress(each.address, token));
  if (said === undefined) throw new CorepoolError("bad-request", { detail: `The market does not list ${token}.` });
  try {
    await checkToken(chain, said);
  } catch (error) {
    throw codeOf(error) === "wrong-chain" && error instanceof Error ? keyError("other-market", error.message) : error;
  }
}
