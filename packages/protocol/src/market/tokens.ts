import type { Address, Hex } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import { decodeFunctionResult, encodeFunctionData } from "viem";
import { gpTokenAbi as abi } from "../abi/gp-token.gen.ts";

/** Calldata and reads of the tokens that the market lists. Amounts in base units. */

export const approveCalldata = (spender: Address, amount: bigint): Hex =>
  encodeFunctionData({ abi, functionName: "approve", args: [spender, amount] });

export const transferCalldata = (to: Address, amount: bigint): Hex =>
  encodeFunctionData({ abi, functionName: "transfer", args: [to, amount] });

export async function balanceOf(chain: Pick<ChainReader, "call">, token: Address, account: Address): Promise<bigint> {
  const data = await chain.call(token, encodeFunctionData({ abi, functionName: "balanceOf", args: [account] }));
  return decodeFunctionResult({ abi, functionName: "balanceOf", data });
}

export async function allowanceOf(
  chain: Pick<ChainReader, "call">,
  token: Address,
  owner: Address,
  spender: Address,
): Promise<bigint> {
  const data = await chain.call(token, encodeFunctionData({ abi, functionName: "allowance", args: [owner, spender] }));
  return decodeFunctionResult({ abi, functionName: "allowance", data });
}
