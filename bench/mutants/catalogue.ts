import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Mutant, mutantsOf } from "./mutant.ts";
import { solidityChanges } from "./solidity.ts";
import { typescriptChanges } from "./typescript.ts";

export const ROOT = join(import.meta.dirname, "../..");

export type Language = "contracts" | "typescript";

/** A mutant and the groups of tests that may kill it, the quickest first. */
export interface Case {
  readonly mutant: Mutant;
  readonly tests: readonly (readonly string[])[];
}

const unit = (name: string): string[] => globSync(`test/unit/${name}*.t.sol`, { cwd: join(ROOT, "contracts") }).sort();

/** Groups of test files of each contract, below contracts/. */
const CONTRACT_TESTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  LeaseMarket: [
    unit("LeaseMarket"),
    ["test/fuzz/LeaseMarket.t.sol"],
    ["test/integration/LaterUses.t.sol", "test/integration/MaliciousCoordinator.t.sol"],
    ["test/invariant/LeaseMarket.t.sol"],
  ],
  GPToken: [unit("GPToken"), ["test/fuzz/GPToken.t.sol"], ["test/invariant/GPToken.t.sol"]],
  UnitRegistry: [unit("UnitRegistry"), ["test/fuzz/UnitRegistry.t.sol"], ["test/invariant/UnitRegistry.t.sol"]],
  TestUSDC: [unit("TestUSDC")],
};

/**
 * The modules that move money, and the tests that are about them. The agent's closing.ts and own-close.ts are not here:
 * their tests run whole agents in processes of their own, which serve themselves the unchanged module.
 */
const MODULES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "packages/core/src/payment.ts": [["packages/core/src/payment.test.ts"]],
  "packages/core/src/money.ts": [["packages/core/src/money.test.ts"]],
  "packages/core/src/pricing.ts": [["packages/core/src/pricing.test.ts"]],
  "packages/core/src/lease.ts": [["packages/core/src/transitions.test.ts"]],
  "packages/core/src/workload.ts": [["packages/core/src/transitions.test.ts"]],
  "packages/core/src/transitions.ts": [["packages/core/src/transitions.test.ts"]],
  "apps/agent/src/meter.ts": [["apps/agent/src/meter.test.ts"]],
  "apps/coordinator/src/payments/pay.ts": [["apps/coordinator/src/leases/money.test.ts"]],
  "apps/coordinator/src/leases/close.ts": [["apps/coordinator/src/leases/money.test.ts"]],
  "apps/coordinator/src/workloads/order-checks.ts": [["apps/coordinator/src/workloads/order-checks.test.ts"]],
  "packages/sdk/src/watch.ts": [["packages/sdk/src/watch.test.ts"]],
  "packages/sdk/src/order.ts": [["packages/sdk/src/order.test.ts"]],
  "packages/sdk/src/verify-receipt.ts": [["packages/sdk/src/verify-receipt.test.ts"]],
  "packages/sdk/src/usage.ts": [["packages/sdk/src/verify-receipt.test.ts"], ["packages/sdk/src/watch.test.ts"]],
};

/** Modules whose tests need a database: seconds for each mutant, so a sample leaves them out. */
const WITH_DATABASE = /^apps\/coordinator\/src\/(leases|payments)\//;

/** Whether the tests of a case need the run's PostgreSQL. */
export const needsDatabase = ({ mutant }: Case): boolean => WITH_DATABASE.test(mutant.file);

/** Every mutant of a language. */
export function catalogue(language: Language): Case[] {
  if (language === "typescript")
    return Object.entries(MODULES).flatMap(([file, tests]) =>
      of(file, typescriptChanges).map((mutant) => ({ mutant, tests })),
    );
  return globSync("contracts/src/{*.sol,market/*.sol,libraries/*.sol}", { cwd: ROOT })
    .sort()
    .flatMap((file) =>
      of(file, solidityChanges).map((mutant) => ({ mutant, tests: CONTRACT_TESTS[contractOf(file)] ?? [] })),
    );
}

/** The contract of a file: what is in libraries/ and market/ is the market's. */
export function contractOf(file: string): string {
  return /^contracts\/src\/(GPToken|TestUSDC|UnitRegistry)\.sol$/.exec(file)?.[1] ?? "LeaseMarket";
}

/** `count` of the cases, the same ones for the same seed. */
export function sample(cases: readonly Case[], count: number, seed: number): Case[] {
  const quick = cases.filter((one) => !needsDatabase(one));
  let state = seed >>> 0;
  // Numerical Recipes' generator: all that is asked of it is to be the same everywhere.
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const picked: Case[] = [];
  while (picked.length < count && quick.length > 0) picked.push(...quick.splice(next(quick.length), 1));
  return picked;
}

function of(file: string, changesOf: typeof solidityChanges): Mutant[] {
  const source = readFileSync(join(ROOT, file), "utf8");
  return mutantsOf(file, source, changesOf(source));
}
