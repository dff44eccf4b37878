import type { Address, Hex } from "@corepool/core/hex";
import { sameAddress } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import { gpTokenAbi } from "@corepool/protocol/abi/gp-token.gen";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { marketSettings, tokenOf } from "@corepool/protocol/market/reads";
import { decodeFunctionResult, encodeFunctionData } from "viem";
import { type ListedToken, lower } from "./context.ts";

async function metadata(
  chain: ChainReader,
  token: Address,
): Promise<{ readonly symbol: string; readonly decimals: number }> {
  const ask = (functionName: "symbol" | "decimals"): Promise<Hex> =>
    chain.call(token, encodeFunctionData({ abi: gpTokenAbi, functionName }));
  const [symbol, decimals] = await Promise.all([ask("symbol"), ask("decimals")]);
  return {
    symbol: decodeFunctionResult({ abi: gpTokenAbi, functionName: "symbol", data: symbol }),
    decimals: decodeFunctionResult({ abi: gpTokenAbi, functionName: "decimals", data: decimals }),
  };
}

/** The tokens that a market lists, and its fixed settings. Rejects with `chain-unavailable`. */
export async function readMarket(
  chain: ChainReader,
  market: Address,
): Promise<{ readonly tokens: readonly ListedToken[]; readonly closeWindowSeconds: number }> {
  const settings = await marketSettings(chain, market);
  const data = await chain.call(market, encodeFunctionData({ abi: leaseMarketAbi, functionName: "tokens" }));
  const addresses = decodeFunctionResult({ abi: leaseMarketAbi, functionName: "tokens", data });
  const tokens = await Promise.all(
    addresses.map(async (address): Promise<ListedToken> => {
      const { feeBps } = await tokenOf(chain, market, address);
      const burnBps = sameAddress(address, settings.gp) ? settings.burnBps : 0;
      return { address: lower(address), ...(await metadata(chain, address)), feeBps, burnBps };
    }),
  );
  return { tokens, closeWindowSeconds: settings.closeWindowSeconds };
}
