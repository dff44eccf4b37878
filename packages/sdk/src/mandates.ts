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

/** A mandate with its signature and the list behind its `providers`: all that its operator needs. */
export interface SignedMandate {
  readonly mandate: MandateMessage;
  readonly providers: readonly Address[];
  readonly signature: Hex;
}

/**
 * Signs a mandate. Its largest loss is its `maxTotal`, from when anybody else has the signature until it is revoked on
 * chain: keep it first, for whoever has to revoke it must know it.
 */
export async function signMandate(
  market: Market,
  signer: Signer,
  mandate: MandateMessage,
  providers: readonly Address[],
): Promise<SignedMandate> {
  return { mandate, providers, signature: await signer.signTypedData(mandateData(domainOf(market), mandate)) };
}

/**
 * Hands a mandate to the coordinator and resolves with its id. To try again is to hand over the same one with the same
 * `idempotencyKey`: another one would let the operator spend its bounds twice.
 */
export async function handMandate(
  client: Client,
  { mandate, providers, signature }: SignedMandate,
  idempotencyKey?: string,
): Promise<string> {
  const body = { mandate, signature, providers: [...providers] };
  return (await call(client, grantMandate, { body }, { idempotencyKey })).id;
}
