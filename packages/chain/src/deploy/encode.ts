import type { Address, Hex } from "@corepool/core/hex";
import { type AbiFunction, concat, encodeDeployData, encodeFunctionData, getAbiItem, toFunctionSelector } from "viem";
import { CONTRACTS, type ContractName } from "./contracts.ts";
import type { Call, Step, Value } from "./plan.ts";

type Addresses = Readonly<Partial<Record<ContractName, Address>>>;

/** The transaction of a step, once the contracts that it names have addresses. */
export function transactionOf(step: Step, addresses: Addresses): { readonly to?: Address; readonly data: Hex } {
  if (step.kind === "call") return { to: addressOf(step.on, addresses), data: dataOf(step, addresses) };
  const { abi, bytecode } = CONTRACTS[step.contract];
  const args = step.args.map((value) => resolve(value, addresses));
  return { data: args.length === 0 ? concat([bytecode]) : encodeDeployData({ abi, bytecode, args }) };
}

/** The selector of a contract's function by its name in the ABI. */
export function selectorOf(contract: ContractName, name: string): Hex {
  const item = getAbiItem({ abi: CONTRACTS[contract].abi, name });
  if (item?.type !== "function") throw new RangeError(`${contract} has no function ${name}`);
  return toFunctionSelector(item as AbiFunction);
}

function dataOf(call: Call, addresses: Addresses): Hex {
  const args = call.args.map((value) => resolve(value, addresses));
  return encodeFunctionData({ abi: CONTRACTS[call.on].abi, functionName: call.function, args });
}

function addressOf(name: ContractName, addresses: Addresses): Address {
  const address = addresses[name];
  if (address === undefined) throw new RangeError(`the plan uses ${name} before it deploys it`);
  return address;
}

function resolve(value: Value, addresses: Addresses): unknown {
  if (typeof value !== "object") return value;
  if ("addressOf" in value) return addressOf(value.addressOf, addresses);
  if ("selectorOf" in value) return selectorOf(...value.selectorOf);
  if ("dataOf" in value) return dataOf(value.dataOf, addresses);
  return value.map((item) => resolve(item, addresses));
}
