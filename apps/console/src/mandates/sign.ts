import { domainOf, mandateData, structHash } from "@corepool/protocol/eip712";
import type { Market } from "@corepool/protocol/resources";
import { balancesOf } from "@corepool/sdk/chain";
import { type MandateBounds, mandateFor, signMandate } from "@corepool/sdk/mandates";
import { client } from "../data/client.ts";
import { checkMarket } from "../data/known-market.ts";
import { chainFor } from "../identity/chain.ts";
import type { KeyHome } from "../identity/port.ts";
import type { KeptMandate } from "./copy.ts";
import { keep } from "./kept.ts";

/**
 * Signs a mandate within bounds and hands it to the operator. A copy stays in this browser first: with it the mandate can
 * be revoked without the operator's word for what it said. Resolves with its id.
 */
export async function grant(market: Market, home: KeyHome, bounds: MandateBounds): Promise<string> {
  checkMarket(market);
  const { signer } = home;
  const { counter } = await balancesOf(await chainFor(market, home), bounds.token, signer.address);
  const mandate = mandateFor(client, market, signer.address, counter, bounds);
  const domain = domainOf(market);
  const copy = (signature: `0x${string}`, id: string | null): KeptMandate => ({
    id,
    hash: structHash(mandateData(domain, mandate)),
    ...domain,
    mandate,
    providers: [...bounds.providers],
    signature,
  });
  const { id, signature } = await signMandate(client, market, signer, mandate, bounds.providers, async (signed) =>
    keep(copy(signed, null)),
  );
  keep(copy(signature, id));
  return id;
}
