import { domainOf, mandateData, structHash } from "@corepool/protocol/eip712";
import type { Market } from "@corepool/protocol/resources";
import { balancesOf } from "@corepool/sdk/chain";
import { handMandate, type MandateBounds, mandateFor, signMandate } from "@corepool/sdk/mandates";
import { client } from "../data/client.ts";
import { checkMarket } from "../data/known-market.ts";
import { chainFor } from "../identity/chain.ts";
import type { KeyHome } from "../identity/port.ts";
import type { KeptMandate } from "./copy.ts";
import { keep } from "./kept.ts";

/**
 * Signs a mandate within bounds. A copy stays in this browser first: with it the mandate can be revoked without the
 * operator's word for what it said. Nobody else has it yet.
 */
export async function signGrant(market: Market, home: KeyHome, bounds: MandateBounds): Promise<KeptMandate> {
  checkMarket(market);
  const { signer } = home;
  const { counter } = await balancesOf(await chainFor(market, home), bounds.token, signer.address);
  const mandate = mandateFor(client, market, signer.address, counter, bounds);
  const domain = domainOf(market);
  const hash = structHash(mandateData(domain, mandate));
  const { signature } = await signMandate(market, signer, mandate, bounds.providers);
  const copy: KeptMandate = { id: null, hash, ...domain, mandate, providers: [...bounds.providers], signature };
  keep(copy);
  return copy;
}

/** Hands a signed mandate to the operator; the same again when the answer was lost. Resolves with its id. */
export async function giveGrant(copy: KeptMandate): Promise<string> {
  // The hash is the mandate's own: a second try is known for one.
  const id = await handMandate(client, copy, copy.hash.slice(2));
  keep({ ...copy, id });
  return id;
}
