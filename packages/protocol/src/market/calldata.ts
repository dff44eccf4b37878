import type { Address, Hex } from "@corepool/core/hex";
import { encodeFunctionData } from "viem";
import { leaseMarketAbi as abi } from "../abi/lease-market.gen.ts";
import type { MandateMessage, TermsMessage } from "../spec.ts";
import { mandateStruct, type OpenInput, openStruct, type SettleInput, settleStruct, termsStruct } from "./structs.ts";

/**
 * Calldata of LeaseMarket: pure, so that a client, an agent and the coordinator send the very same bytes. What each
 * function does and refuses: contracts/src/interfaces/ILeaseMarket.sol. Amounts in base units.
 */

export const openCalldata = (input: OpenInput): Hex =>
  encodeFunctionData({ abi, functionName: "open", args: [openStruct(input)] });

/** `allOrNone`: one failure reverts all (gangs need it); else failing items are skipped with an event. */
export const openManyCalldata = (inputs: readonly OpenInput[], allOrNone: boolean): Hex =>
  encodeFunctionData({ abi, functionName: "openMany", args: [inputs.map(openStruct), allOrNone] });

export const settleCalldata = (input: SettleInput): Hex =>
  encodeFunctionData({ abi, functionName: "settle", args: [settleStruct(input)] });

/** Sent by the provider himself; `closeSig` is not read. */
export const closeNowCalldata = (input: SettleInput): Hex =>
  encodeFunctionData({ abi, functionName: "closeNow", args: [settleStruct(input)] });

/** `closing`: as `closeNow`, for a provider's own leases. Failing items are skipped with an event. */
export const settleManyCalldata = (inputs: readonly SettleInput[], closing: boolean): Hex =>
  encodeFunctionData({ abi, functionName: "settleMany", args: [inputs.map(settleStruct), closing] });

/** `sig`: over RequestClose(lease) by the client or the lease key; 0x when the client sends it himself. */
export const requestCloseCalldata = (terms: TermsMessage, sig: Hex = "0x"): Hex =>
  encodeFunctionData({ abi, functionName: "requestClose", args: [termsStruct(terms), sig] });

export const finalizeCloseCalldata = (terms: TermsMessage): Hex =>
  encodeFunctionData({ abi, functionName: "finalizeClose", args: [termsStruct(terms)] });

/** `sig`: the payer's over TopUp(lease, addSeconds, terms.end); 0x when he sends it himself. */
export const topUpCalldata = (terms: TermsMessage, addSeconds: number, sig: Hex = "0x"): Hex =>
  encodeFunctionData({ abi, functionName: "topUp", args: [termsStruct(terms), addSeconds, sig] });

export const depositCalldata = (token: Address, amount: bigint): Hex =>
  encodeFunctionData({ abi, functionName: "deposit", args: [token, amount] });

export const depositForCalldata = (account: Address, token: Address, amount: bigint): Hex =>
  encodeFunctionData({ abi, functionName: "depositFor", args: [account, token, amount] });

/** The parts of a 65-byte signature. */
export interface SignatureParts {
  readonly v: number;
  readonly r: Hex;
  readonly s: Hex;
}

/** With an ERC-2612 permit of the sender; `deadline` in seconds since the epoch. */
export const depositWithPermitCalldata = (
  token: Address,
  amount: bigint,
  deadline: bigint,
  permit: SignatureParts,
): Hex =>
  encodeFunctionData({
    abi,
    functionName: "depositWithPermit",
    args: [token, amount, deadline, permit.v, permit.r, permit.s],
  });

/** An ERC-3009 authorisation; its nonce must be `authorizationNonce(domain, account, salt)`. Times in seconds. */
export interface DepositAuthorization extends SignatureParts {
  readonly from: Address;
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly salt: Hex;
}

export const depositWithAuthorizationCalldata = (
  token: Address,
  account: Address,
  amount: bigint,
  authorization: DepositAuthorization,
): Hex =>
  encodeFunctionData({ abi, functionName: "depositWithAuthorization", args: [token, account, amount, authorization] });

export const withdrawCalldata = (token: Address, to: Address, amount: bigint): Hex =>
  encodeFunctionData({ abi, functionName: "withdraw", args: [token, to, amount] });

export const cancelAllCalldata = (): Hex => encodeFunctionData({ abi, functionName: "cancelAll" });

/** `sig`: the account's over CancelAll(account, counter); `counter` is the next one. */
export const cancelAllForCalldata = (account: Address, counter: number, sig: Hex): Hex =>
  encodeFunctionData({ abi, functionName: "cancelAllFor", args: [account, counter, sig] });

/** `sig`: the client's over RevokeMandate(mandate hash); 0x when he sends it himself. */
export const revokeMandateCalldata = (mandate: MandateMessage, sig: Hex = "0x"): Hex =>
  encodeFunctionData({ abi, functionName: "revokeMandate", args: [mandateStruct(mandate), sig] });

export const collectFeesCalldata = (token: Address): Hex =>
  encodeFunctionData({ abi, functionName: "collectFees", args: [token] });
