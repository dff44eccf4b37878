import type { Address } from "@corepool/core/hex";
import type { Market } from "@corepool/protocol/resources";
import type { MarketChain } from "@corepool/sdk/chain";
import { checkMarket } from "../../data/known-market.ts";
import { sendingChain } from "../../identity/chain.ts";
import { keyHome } from "../../identity/identity.ts";

/** What happens to one transaction: the wallet is asked, then a block has it. */
export interface Step {
  readonly call: string;
  readonly state: "asked" | "in-block";
}

/**
 * Opens the road to the chain through the key of whoever is signed in, who is asked for each transaction. `tell` gets the
 * steps as they happen. Rejects as `failureOf` tells apart.
 */
export async function ownChain(
  market: Market,
  tell: (step: Step) => void,
): Promise<{ readonly chain: MarketChain; readonly own: Address }> {
  checkMarket(market);
  const home = await keyHome();
  const chain = await sendingChain(market, home, PATIENCE_MS);
  const told: MarketChain = {
    ...chain,
    send: async (to, call) => {
      tell({ call: call.functionName, state: "asked" });
      const receipt = await chain.send(to, call);
      tell({ call: call.functionName, state: "in-block" });
      return receipt;
    },
  };
  return { chain: told, own: home.signer.address };
}

/** How long a transaction may take into a block before the person is told that it may have been dropped. */
const PATIENCE_MS = 60_000;
