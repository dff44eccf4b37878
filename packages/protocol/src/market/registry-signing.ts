import type { Address, Hex } from "@corepool/core/hex";
import type { TypedData } from "@corepool/core/ports/signer";
import { type Abi, encodeFunctionData } from "viem";
import { unitRegistryAbi } from "../abi/unit-registry.gen.ts";
import { type RegistryAuth, type RegistryUnit, SENT_BY_PROVIDER } from "./registry.ts";

/** Where signatures of the unit registry are valid: one contract on one chain. */
export interface RegistryDomain {
  readonly chainId: number;
  readonly registry: Address;
}

/** An action of a provider on UnitRegistry; `type` is its EIP-712 type. */
export type RegistryAction =
  | {
      readonly type: "RegisterProvider" | "UpdateProvider";
      readonly provider: Address;
      readonly payout: Address;
      readonly metadata: Hex;
    }
  | {
      readonly type: "RegisterMachine" | "ChangeAgent";
      readonly provider: Address;
      readonly machine: Hex;
      readonly agent: Address;
    }
  | { readonly type: "RetireMachine"; readonly provider: Address; readonly machine: Hex }
  | {
      readonly type: "RegisterUnits" | "UpdateUnits";
      readonly provider: Address;
      readonly units: readonly RegistryUnit[];
    }
  | { readonly type: "RetireUnits"; readonly provider: Address; readonly units: readonly bigint[] };

const abi: Abi = unitRegistryAbi;
const f = (name: string, type: string) => ({ name, type });
const PROVIDER = [f("provider", "address"), f("payout", "address"), f("metadata", "bytes32")];
const MACHINE = [f("provider", "address"), f("machine", "bytes32"), f("agent", "address")];
const UNITS = [f("provider", "address"), f("units", "Unit[]")];
const UNIT = [f("unit", "uint64"), f("machine", "bytes32"), f("spec", "bytes32")];

/** The members of each action, as in contracts/src/UnitRegistry.sol; nonce and deadline follow in each. */
const MEMBERS = {
  RegisterProvider: PROVIDER,
  UpdateProvider: PROVIDER,
  RegisterMachine: MACHINE,
  ChangeAgent: MACHINE,
  RetireMachine: [f("provider", "address"), f("machine", "bytes32")],
  RegisterUnits: UNITS,
  UpdateUnits: UNITS,
  RetireUnits: [f("provider", "address"), f("units", "uint64[]")],
} as const;

const FUNCTIONS = {
  RegisterProvider: "registerProvider",
  UpdateProvider: "updateProvider",
  RegisterMachine: "registerMachine",
  ChangeAgent: "changeAgent",
  RetireMachine: "retireMachine",
  RegisterUnits: "registerUnits",
  UpdateUnits: "updateUnits",
  RetireUnits: "retireUnits",
} as const;

/**
 * What a provider signs so that anyone may send his action.
 * @param nonce his next one in the registry (`nonces(provider)`); several signed at once take successive ones and must
 * be sent in that order
 * @param deadline last second, since the epoch, at which it may be sent
 */
export function registryActionData(
  domain: RegistryDomain,
  action: RegistryAction,
  nonce: bigint,
  deadline: number,
): TypedData {
  const { type, ...message } = action;
  const members = [...MEMBERS[type], f("nonce", "uint256"), f("deadline", "uint40")];
  return {
    domain: {
      name: "Corepool UnitRegistry",
      version: "1",
      chainId: domain.chainId,
      verifyingContract: domain.registry,
    },
    types: { [type]: members, ...(MEMBERS[type] === UNITS ? { Unit: UNIT } : {}) },
    primaryType: type,
    message: { ...message, nonce, deadline },
  };
}

/** Calldata of an action: sent by the provider himself, or by anyone with his signature. */
export function registryActionCalldata(action: RegistryAction, auth: RegistryAuth = SENT_BY_PROVIDER): Hex {
  const members: Readonly<Record<string, unknown>> = action;
  const args = [...MEMBERS[action.type].map(({ name }) => members[name]), auth];
  return encodeFunctionData({ abi, functionName: FUNCTIONS[action.type], args });
}
