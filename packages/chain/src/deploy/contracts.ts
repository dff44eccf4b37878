import accessManager from "@corepool/contracts/artifacts/AccessManager.json" with { type: "json" };
import gpToken from "@corepool/contracts/artifacts/GPToken.json" with { type: "json" };
import leaseMarket from "@corepool/contracts/artifacts/LeaseMarket.json" with { type: "json" };
import testUsdc from "@corepool/contracts/artifacts/TestUSDC.json" with { type: "json" };
import unitRegistry from "@corepool/contracts/artifacts/UnitRegistry.json" with { type: "json" };
import type { Hex } from "@corepool/core/hex";
import { accessManagerAbi } from "@corepool/protocol/abi/access-manager.gen";
import { gpTokenAbi } from "@corepool/protocol/abi/gp-token.gen";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { testUsdcAbi } from "@corepool/protocol/abi/test-usdc.gen";
import { unitRegistryAbi } from "@corepool/protocol/abi/unit-registry.gen";
import type { Abi } from "viem";

export type ContractName = "accessManager" | "gpToken" | "testUsdc" | "unitRegistry" | "leaseMarket";

/** What deploying and recognising a contract needs. */
export interface ContractCode {
  readonly abi: Abi;
  readonly bytecode: Hex;
  readonly deployedBytecode: Hex;
  /** [start, length] in bytes of what the constructor fills into `deployedBytecode`. */
  readonly immutables: readonly (readonly [number, number])[];
}

interface Artefact {
  readonly bytecode: string;
  readonly deployedBytecode: string;
  readonly immutables: readonly (readonly number[])[];
}

const code = (abi: Abi, artefact: Artefact): ContractCode => ({
  abi,
  bytecode: artefact.bytecode as Hex,
  deployedBytecode: artefact.deployedBytecode as Hex,
  immutables: artefact.immutables.map(([start = 0, length = 0]) => [start, length] as const),
});

/** The contracts as they were compiled and committed. */
export const CONTRACTS: Readonly<Record<ContractName, ContractCode>> = {
  accessManager: code(accessManagerAbi, accessManager),
  gpToken: code(gpTokenAbi, gpToken),
  testUsdc: code(testUsdcAbi, testUsdc),
  unitRegistry: code(unitRegistryAbi, unitRegistry),
  leaseMarket: code(leaseMarketAbi, leaseMarket),
};

/** Whether code found on a chain is this contract's, whatever its constructor filled in. */
export function isCodeOf(contract: ContractCode, found: Hex): boolean {
  if (found.length !== contract.deployedBytecode.length) return false;
  return blank(found, contract.immutables) === blank(contract.deployedBytecode, contract.immutables);
}

function blank(hex: string, places: ContractCode["immutables"]): string {
  let text = hex.toLowerCase();
  for (const [start, length] of places) {
    const from = 2 + start * 2;
    text = text.slice(0, from) + "0".repeat(length * 2) + text.slice(from + length * 2);
  }
  return text;
}
