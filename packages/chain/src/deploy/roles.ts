import type { ContractName } from "./contracts.ts";

/** The roles of the AccessManager. ADMIN and its number are OpenZeppelin's. */
export const ROLES = {
  ADMIN: 0n,
  EMITTER: 1n,
  BRIDGE_SETTER: 2n,
  GUARDIAN: 3n,
  FEE_SETTER: 4n,
  LISTER: 5n,
} as const;

export type RoleName = keyof typeof ROLES;

export interface RestrictedFunction {
  readonly contract: ContractName;
  /** Name in the ABI. */
  readonly function: string;
  readonly role: RoleName;
}

/**
 * Every function that is not open to all, and the role that may call it. There are no others: a test asks the chain.
 * Guardians only stop entry; starting again is for ADMIN, so that a stolen guardian key cannot undo a pause.
 */
export const RESTRICTED: readonly RestrictedFunction[] = [
  { contract: "gpToken", function: "mint", role: "EMITTER" },
  { contract: "gpToken", function: "setBridge", role: "BRIDGE_SETTER" },
  { contract: "gpToken", function: "disableBridge", role: "GUARDIAN" },
  { contract: "unitRegistry", function: "pause", role: "GUARDIAN" },
  { contract: "unitRegistry", function: "unpause", role: "ADMIN" },
  { contract: "leaseMarket", function: "pause", role: "GUARDIAN" },
  { contract: "leaseMarket", function: "unpause", role: "ADMIN" },
  { contract: "leaseMarket", function: "listToken", role: "LISTER" },
  { contract: "leaseMarket", function: "setFeeSink", role: "FEE_SETTER" },
  { contract: "leaseMarket", function: "setFeeAuction", role: "FEE_SETTER" },
  { contract: "leaseMarket", function: "setFeeSource", role: "FEE_SETTER" },
  { contract: "leaseMarket", function: "setBurnBps", role: "FEE_SETTER" },
];
