import type { Address, Hex } from "@corepool/core/hex";
import { encodeFunctionData } from "viem";
import { unitRegistryAbi as abi } from "../abi/unit-registry.gen.ts";

/** Calldata of UnitRegistry: contracts/src/interfaces/IUnitRegistry.sol says what each function refuses. */

/** Who authorises: the provider by sending (SENT_BY_PROVIDER), or his signature until `deadline` (seconds). */
export interface RegistryAuth {
  readonly deadline: number;
  readonly signature: Hex;
}

export const SENT_BY_PROVIDER: RegistryAuth = { deadline: 0, signature: "0x" };

/** A unit as its provider describes it; `spec` is the hash of its specification document. */
export interface RegistryUnit {
  readonly unit: bigint;
  readonly machine: Hex;
  readonly spec: Hex;
}

export const registerProviderCalldata = (
  provider: Address,
  payout: Address,
  metadata: Hex,
  auth = SENT_BY_PROVIDER,
): Hex => encodeFunctionData({ abi, functionName: "registerProvider", args: [provider, payout, metadata, auth] });

export const updateProviderCalldata = (
  provider: Address,
  payout: Address,
  metadata: Hex,
  auth = SENT_BY_PROVIDER,
): Hex => encodeFunctionData({ abi, functionName: "updateProvider", args: [provider, payout, metadata, auth] });

export const registerMachineCalldata = (
  provider: Address,
  machine: Hex,
  agent: Address,
  auth = SENT_BY_PROVIDER,
): Hex => encodeFunctionData({ abi, functionName: "registerMachine", args: [provider, machine, agent, auth] });

export const changeAgentCalldata = (provider: Address, machine: Hex, agent: Address, auth = SENT_BY_PROVIDER): Hex =>
  encodeFunctionData({ abi, functionName: "changeAgent", args: [provider, machine, agent, auth] });

export const retireMachineCalldata = (provider: Address, machine: Hex, auth = SENT_BY_PROVIDER): Hex =>
  encodeFunctionData({ abi, functionName: "retireMachine", args: [provider, machine, auth] });

export const registerUnitsCalldata = (
  provider: Address,
  units: readonly RegistryUnit[],
  auth = SENT_BY_PROVIDER,
): Hex => encodeFunctionData({ abi, functionName: "registerUnits", args: [provider, units, auth] });

export const updateUnitsCalldata = (provider: Address, units: readonly RegistryUnit[], auth = SENT_BY_PROVIDER): Hex =>
  encodeFunctionData({ abi, functionName: "updateUnits", args: [provider, units, auth] });

export const retireUnitsCalldata = (provider: Address, units: readonly bigint[], auth = SENT_BY_PROVIDER): Hex =>
  encodeFunctionData({ abi, functionName: "retireUnits", args: [provider, units, auth] });
