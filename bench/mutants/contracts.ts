import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { CONTRACTS, contractTests } from "../support/contract-tests.ts";
import { contractOf } from "./catalogue.ts";
import { type Mutant, mutate } from "./mutant.ts";
import type { Outcome, Runner } from "./run.ts";

const require = createRequire(join(CONTRACTS, "package.json"));
const NAMES = ["AccessManager", "GPToken", "LeaseMarket", "TestUSDC", "UnitRegistry"];

type Solc = {
  compile(input: string, callbacks: { import(path: string): { contents: string } | { error: string } }): string;
};
type Output = {
  readonly errors?: readonly { severity: string }[];
  readonly contracts?: Record<string, Record<string, { abi: unknown; evm: Record<string, { object: string }> }>>;
};

/**
 * Runs mutants of contracts/src: compiles the contract that the file belongs to, quickly (no IR, no optimiser), and
 * lets the contracts' own tests deploy that in the place of the committed artefact. Fuzz and invariant tests have few
 * runs.
 * @param folder scratch for the artefacts, below contracts/cache
 */
export async function contractRunner(folder: string): Promise<Runner> {
  const solc = require("solc") as Solc;
  const scratch = join(CONTRACTS, "cache", folder);
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  for (const name of NAMES) copyFileSync(join(CONTRACTS, "artifacts", `${name}.json`), join(scratch, `${name}.json`));
  process.env["COREPOOL_ARTIFACTS"] = `cache/${folder}`;
  const suite = await contractTests({
    fsPermissions: { readFile: NAMES.map((name) => `cache/${folder}/${name}.json`) },
    fuzz: { runs: 24 },
    invariant: { runs: 2, depth: 32, failOnRevert: true },
  });

  return {
    async run(mutant, tests): Promise<Outcome> {
      const name = contractOf(mutant.file);
      const artefact = join(CONTRACTS, "artifacts", `${name}.json`);
      const code = compile(solc, name, mutant);
      if (code === undefined) return "stillborn";
      const original = JSON.parse(readFileSync(artefact, "utf8")) as object;
      writeFileSync(join(scratch, `${name}.json`), JSON.stringify({ ...original, bytecode: `0x${code}` }));
      try {
        for (const group of tests) if ((await suite.run(group)).some(({ passed }) => !passed)) return "killed";
        return "survived";
      } finally {
        copyFileSync(artefact, join(scratch, `${name}.json`));
      }
    },
    async end() {
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

function compile(solc: Solc, name: string, mutant: Mutant): string | undefined {
  const root = `src/${name}.sol`;
  const read = (path: string): string => {
    const own = path.startsWith("src/");
    const source = readFileSync(own ? join(CONTRACTS, path) : require.resolve(path), "utf8");
    return own && `contracts/${path}` === mutant.file ? mutate(source, mutant) : source;
  };
  const input = {
    language: "Solidity",
    sources: { [root]: { content: read(root) } },
    settings: {
      evmVersion: "cancun",
      outputSelection: { [root]: { [name]: ["evm.bytecode.object"] } },
    },
  };
  const load = (path: string): { contents: string } | { error: string } => {
    if (path.startsWith("src/") && !existsSync(join(CONTRACTS, path))) return { error: "not found" };
    return { contents: read(path) };
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: load })) as Output;
  if (output.errors?.some((e) => e.severity === "error")) return undefined;
  return output.contracts?.[root]?.[name]?.evm["bytecode"]?.object;
}
