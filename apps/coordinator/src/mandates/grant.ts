import { CorepoolError } from "@corepool/core/errors";
import { type Address, type Hex, sameAddress } from "@corepool/core/hex";
import { newId } from "@corepool/core/ids";
import { digestOf, mandateData, providerTree } from "@corepool/protocol/eip712";
import { accountOf } from "@corepool/protocol/market/reads";
import type { MandateMessage } from "@corepool/protocol/spec";
import { lower, type MarketContext, secondsOf, timestampOf } from "../market/context.ts";
import type { Mandate, Uow } from "../market/documents.ts";
import { isSignedBy } from "../market/signatures.ts";
import { mandateHash } from "./reads.ts";

function refuse(detail: string): never {
  throw new CorepoolError("bad-request", {
    detail: `The mandate is of no use here: ${detail}.`,
    next: "Sign one for this market's operator (GET /v1/market: relayer) with the account's present counter.",
  });
}

/** Checks a mandate before it is kept. Rejects with `bad-request` or `bad-signature`. */
export async function checkMandate(
  context: MarketContext,
  operator: Address,
  account: Address,
  mandate: MandateMessage,
  providers: readonly Address[],
  signature: Hex,
): Promise<void> {
  if (providerTree(providers).root !== mandate.providers.toLowerCase())
    refuse("its list of providers (send it along as `providers`) does not have the root that was signed");
  if (!sameAddress(mandate.client, account)) refuse("its client is another account");
  if (!sameAddress(mandate.operator, operator)) refuse("its operator is not this coordinator");
  if (!context.tokens.some((token) => sameAddress(token.address, mandate.token))) refuse("its token is not listed");
  if (mandate.expiry <= secondsOf(context.clock)) refuse("it has expired");
  const { counter } = await accountOf(context.chain, context.domain.market, mandate.token, account);
  if (mandate.counter !== Math.max(1, counter)) refuse(`its counter is not the account's (${Math.max(1, counter)})`);
  if (!(await isSignedBy(context.chain, account, digestOf(mandateData(context.domain, mandate)), signature))) {
    throw new CorepoolError("bad-signature", {
      detail: "The mandate is not signed by its client for this market.",
      next: "Sign the mandate as EIP-712 typed data with your wallet.",
    });
  }
}

/** Keeps a checked mandate. The same one again is the same record, in use again if it was dropped. */
export async function grantMandate(
  uow: Uow,
  context: MarketContext,
  account: Address,
  mandate: MandateMessage,
  providers: readonly Address[],
  signature: Hex,
): Promise<Mandate> {
  const hash = mandateHash(context, mandate);
  await uow.lock(`mandate:${hash}`);
  const known = await uow.mandates.byHash(hash);
  const record: Mandate = known ?? {
    id: newId("mdt", context.clock, context.random),
    client: lower(account),
    hash,
    mandate,
    providers: providers.map(lower),
    signature,
    nextNonce: 1,
    droppedAt: null,
    createdAt: context.clock.now(),
  };
  const granted = { ...record, droppedAt: null };
  await uow.mandates.put(granted);
  return granted;
}

/** A mandate as the API shows it. */
export async function mandateView(uow: Uow, record: Mandate) {
  const { committed } = await uow.chain.mandate(record.hash);
  return {
    id: record.id,
    mandate: record.mandate,
    providers: [...record.providers],
    committed: String(committed),
    revokedAt: record.droppedAt === null ? null : timestampOf(record.droppedAt),
  };
}
