import type { Address, Hex } from "@corepool/core/hex";
import type { Signer } from "@corepool/core/ports/signer";
import { domainOf, mandateData, providerTree } from "@corepool/protocol/eip712";
import type { Market } from "@corepool/protocol/resources";
import { grantMandate } from "@corepool/protocol/routes/accounts";
import type { MandateMessage } from "@corepool/protocol/spec";
import { bytesToNumber } from "viem";
import { call } from "./call.ts";
import type { Client } from "./client.ts";

/** What a client lets the coordinator's operator do. Amounts in base units. */
export interface MandateBounds {
  readonly token: Address;
  /** Per second. */
  readonly maxRate: bigint;
  /** Of one lease. */
  readonly maxEscrow: bigint;
  /** Of all leases together: the most that a dishonest operator could waste. */
  readonly maxTotal: bigint;
  /** Empty: any provider. */
  readonly providers: readonly Address[];
  /** Seconds since the epoch. */
  readonly expiry: number;
}

/**
 * The mandate for these bounds, unsigned, for the market's operator. `counter` is the account's present one as the chain
 * itself says it (`balancesOf`): a mandate for a later counter would sleep, and `cancelAll`, meant to void it, wake it.
 */
export function mandateFor(
  { random }: Pick<Client, "random">,
  market: Market,
  account: Address,
  counter: number,
  bounds: MandateBounds,
): MandateMessage {
  return {
    client: account,
    operator: market.relayer,
    token: bounds.token,
    maxRate: String(bounds.maxRate),
    maxEscrow: String(bounds.maxEscrow),
    maxTotal: String(bounds.maxTotal),
    providers: providerTree(bounds.providers).root,
    expiry: bounds.expiry,
    counter: Math.max(1, counter),
    salt: bytesToNumber(random.bytes(4)),
  };
}

/**
 * Signs a mandate and hands it to the coordinator. Its largest loss is its `maxTotal`, until it is revoked on chain.
 * `keep` gets the signature before anybody else does: what was signed must be known to whoever has to revoke it.
 */
export async function signMandate(
  client: Client,
  market: Market,
  signer: Signer,
  mandate: MandateMessage,
  providers: readonly Address[],
  keep?: (signature: Hex) => Promise<void>,
): Promise<{ readonly id: string; readonly signature: Hex }> {
  const signature = await signer.signTypedData(mandateData(domainOf(market), mandate));
  await keep?.(signature);
  const { id } = await call(client, grantMandate, { body: { mandate, signature, providers: [...providers] } });
  return { id, signature };
}
