import { sameAddress } from "@corepool/core/hex";
import type { Token } from "@corepool/core/money";
import { getMarket } from "@corepool/protocol/routes/market";
import { useMemo } from "react";
import { useRoute } from "../../data/query.ts";

/** Finds a token of the market by its address. */
export function useTokens(): (address: string) => Token | undefined {
  const market = useRoute(getMarket, {});
  const tokens = market.data?.tokens;
  return useMemo(
    () => (address) => tokens?.find((each) => sameAddress(each.address, address as `0x${string}`)),
    [tokens],
  );
}
