import type { Address } from "@corepool/core/hex";
import type { ContractName } from "./contracts.ts";
import { RESTRICTED, ROLES, type RoleName } from "./roles.ts";

/** A value in a plan: itself, or something known only while the plan runs. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | readonly Value[]
  /** The address at which the plan put a contract. */
  | { readonly addressOf: ContractName }
  /** The selector of a function of a contract. */
  | { readonly selectorOf: readonly [ContractName, string] }
  /** The calldata of a call. */
  | { readonly dataOf: Call };

export interface Call {
  readonly on: ContractName;
  readonly function: string;
  readonly args: readonly Value[];
}

/** One transaction. `id` is unique in the plan and names it in the deployment record. */
export type Step =
  | { readonly kind: "deploy"; readonly id: string; readonly contract: ContractName; readonly args: readonly Value[] }
  | ({ readonly kind: "call"; readonly id: string } & Call);

export interface PlanOptions {
  /** Who signs the plan's transactions; the first ADMIN. */
  readonly deployer: Address;
  /** Who is ADMIN in the end (later the Timelock); the deployer keeps it when left out. */
  readonly admin?: Address;
  /** Who holds the other roles; the deployer when left out. */
  readonly roles?: Partial<Readonly<Record<Exclude<RoleName, "ADMIN">, Address>>>;
  /** Where the unburnt part of GP fees goes. */
  readonly feeSink: Address;
  /** The listed stablecoin: "test" deploys TestUSDC, for local and test chains only; an address lists what is there. */
  readonly stablecoin: "test" | Address;
  /** Play GP minted at genesis, in base units; none on a chain with real money. */
  readonly genesis?: readonly { readonly to: Address; readonly amount: bigint }[];
  /** Fees of leases in ten-thousandths of the rent; 500 when left out. At most 1,000. */
  readonly feeBps?: number;
  /** Part of GP fees that is burnt, in ten-thousandths; 5,000 when left out. At least 1,000. */
  readonly burnBps?: number;
  /** Seconds that a provider has to post his last note after a requested close; 1,800 when left out. */
  readonly closeWindow?: number;
}

const MANAGER = { addressOf: "accessManager" } as const;

/**
 * The ordered steps that put the contracts on a chain. All authority is the AccessManager's from the first one on.
 * Roles are assigned in one transaction after everything is in place; until then the deployer is ADMIN of all.
 */
export function deployPlan(options: PlanOptions): readonly Step[] {
  const { deployer, stablecoin, genesis = [], feeBps = 500, burnBps = 5_000, closeWindow = 1_800 } = options;
  const admin = options.admin ?? deployer;
  const stable: Value = stablecoin === "test" ? { addressOf: "testUsdc" } : stablecoin;
  const list = (id: string, token: Value): Step => call(id, "leaseMarket", "listToken", [token, feeBps]);
  const steps: Step[] = [
    { kind: "deploy", id: "access-manager", contract: "accessManager", args: [deployer] },
    { kind: "deploy", id: "gp-token", contract: "gpToken", args: [MANAGER] },
    { kind: "deploy", id: "unit-registry", contract: "unitRegistry", args: [MANAGER] },
    {
      kind: "deploy",
      id: "lease-market",
      contract: "leaseMarket",
      args: [MANAGER, { addressOf: "gpToken" }, burnBps, closeWindow],
    },
  ];
  if (stablecoin === "test") steps.push({ kind: "deploy", id: "test-usdc", contract: "testUsdc", args: [] });
  steps.push(
    list("list-gp", { addressOf: "gpToken" }),
    list("list-stablecoin", stable),
    call("fee-sink", "leaseMarket", "setFeeSink", [options.feeSink]),
    ...genesis.map(({ to, amount }, i) => call(`genesis-${i}`, "gpToken", "mint", [to, amount])),
    call("roles", "accessManager", "multicall", [roleCalls(options)]),
  );
  if (admin.toLowerCase() !== deployer.toLowerCase()) {
    steps.push(
      call("grant-admin", "accessManager", "grantRole", [ROLES.ADMIN, admin, 0]),
      call("renounce-admin", "accessManager", "renounceRole", [ROLES.ADMIN, deployer]),
    );
  }
  return steps;
}

/** Who holds each role once the plan has run. */
export function roleHolders(options: PlanOptions): Readonly<Record<RoleName, Address>> {
  const holder = (role: Exclude<RoleName, "ADMIN">): Address => options.roles?.[role] ?? options.deployer;
  return {
    ADMIN: options.admin ?? options.deployer,
    EMITTER: holder("EMITTER"),
    BRIDGE_SETTER: holder("BRIDGE_SETTER"),
    GUARDIAN: holder("GUARDIAN"),
    FEE_SETTER: holder("FEE_SETTER"),
    LISTER: holder("LISTER"),
  };
}

function roleCalls(options: PlanOptions): readonly Value[] {
  const data = (name: string, args: readonly Value[]): Value => ({
    dataOf: { on: "accessManager", function: name, args },
  });
  const holders = roleHolders(options);
  const names = (Object.keys(ROLES) as RoleName[]).filter((name) => name !== "ADMIN");
  return [
    ...names.map((name) => data("labelRole", [ROLES[name], name])),
    ...RESTRICTED.map((f) =>
      data("setTargetFunctionRole", [
        { addressOf: f.contract },
        [{ selectorOf: [f.contract, f.function] }],
        ROLES[f.role],
      ]),
    ),
    ...names.map((name) => data("grantRole", [ROLES[name], holders[name], 0])),
  ];
}

function call(id: string, on: ContractName, name: string, args: readonly Value[]): Step {
  return { kind: "call", id, on, function: name, args };
}
