import type { Address } from "@corepool/core/hex";
import type { MarketDomain } from "@corepool/protocol/eip712";
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
 * @param at a contract of this browser's own knowledge, whatever the coordinator names: for what takes rights back
 */
export async function ownChain(
  market: Market,
  tell: (step: Step) => void,
  at?: MarketDomain,
): Promise<{ readonly chain: MarketChain; readonly own: Address }> {
  if (at === undefined) checkMarket(market);
  const home = await keyHome();
  const where: Market =
    at === undefined
      ? market
      : { ...market, chainId: at.chainId, contracts: { ...market.contracts, leaseMarket: at.market } };
  const chain = await sendingChain(where, home, PATIENCE_MS);
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
