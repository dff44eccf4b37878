import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { productionSettings, SOLC_VERSION } from "../solc-settings.ts";

const require = createRequire(import.meta.url);

export type AbiItem = { readonly type: string; readonly name?: string } & Readonly<Record<string, unknown>>;

type Message = {
  readonly severity: "error" | "warning" | "info";
  readonly formattedMessage: string;
  readonly sourceLocation?: { readonly file: string };
};

type Layout = {
  readonly storage: readonly { slot: string; offset: number; label: string; type: string }[];
  readonly types: Readonly<
    Record<string, { members?: readonly { slot: string; offset: number; label: string; type: string }[] }>
  > | null;
};

type Output = {
  readonly errors?: readonly Message[];
  readonly contracts?: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            abi: readonly AbiItem[];
            storageLayout: Layout;
            evm: {
              bytecode: { object: string };
              deployedBytecode: {
                object: string;
                immutableReferences: Readonly<Record<string, readonly { start: number; length: number }[]>>;
              };
            };
          }
        >
      >
    >
  >;
};

type Solc = {
  version(): string;
  compile(input: string, callbacks: { import(path: string): { contents: string } | { error: string } }): string;
};

/** One compiled contract, reduced to what does not depend on where it was compiled. */
export type Compiled = {
  readonly contractName: string;
  readonly abi: readonly AbiItem[];
  readonly bytecode: `0x${string}`;
  readonly deployedBytecode: `0x${string}`;
  /** [start, length] in bytes of each place of `deployedBytecode` that the constructor fills in. */
  readonly immutables: readonly (readonly [number, number])[];
  readonly layout: readonly string[];
};

/**
 * Compiles one contract with its imports and nothing else, so that its bytecode changes only when they do.
 * @param root the folder of the contracts package; imports that are not relative are looked up as npm packages
 * @param source path of the contract's file below `root`, or in a package; also its source name
 * @throws Error with the compiler's text on any error, and on any warning about a file of ours
 */
export function compileContract(root: string, source: string, contractName: string): Compiled {
  const solc = require("solc") as Solc;
  if (!solc.version().startsWith(`${SOLC_VERSION}+`)) {
    throw new Error(`solc ${solc.version()} is installed, ${SOLC_VERSION} is wanted: run npm install`);
  }
  const input = {
    language: "Solidity",
    sources: { [source]: { content: readFileSync(locate(root, source), "utf8") } },
    settings: {
      ...productionSettings,
      outputSelection: {
        [source]: { [contractName]: ["abi", "evm.bytecode", "evm.deployedBytecode", "storageLayout"] },
      },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: (path) => load(root, path) })) as Output;
  const faults = (output.errors ?? []).filter(
    (e) => e.severity === "error" || (e.severity === "warning" && e.sourceLocation?.file.startsWith("src/") === true),
  );
  if (faults.length > 0) throw new Error(faults.map((e) => e.formattedMessage).join("\n"));
  const contract = output.contracts?.[source]?.[contractName];
  if (contract === undefined) throw new Error(`${source} has no contract ${contractName}`);
  const { bytecode, deployedBytecode } = contract.evm;
  return {
    contractName,
    abi: contract.abi,
    bytecode: `0x${bytecode.object}`,
    deployedBytecode: `0x${deployedBytecode.object}`,
    immutables: Object.values(deployedBytecode.immutableReferences)
      .flat()
      .map(({ start, length }) => [start, length] as const)
      .sort((a, b) => a[0] - b[0]),
    layout: describeLayout(contract.storageLayout),
  };
}

function locate(root: string, path: string): string {
  return path.startsWith("src/") ? join(root, path) : require.resolve(path);
}

function load(root: string, path: string): { contents: string } | { error: string } {
  try {
    return { contents: readFileSync(locate(root, path), "utf8") };
  } catch (e) {
    return { error: `${path}: ${String(e)}` };
  }
}

/** One line per variable, and per member of a struct, as "slot+offset label type"; without the compiler's own ids. */
function describeLayout(layout: Layout): string[] {
  const clean = (type: string): string => type.replaceAll(/\)\d+(?=_|,|\)|$)/g, ")");
  const line = (v: { slot: string; offset: number; label: string; type: string }): string =>
    `${v.slot}+${v.offset} ${v.label} ${clean(v.type)}`;
  const structs = Object.entries(layout.types ?? {})
    .filter(([, t]) => t.members !== undefined)
    .map(([name, t]) => `${clean(name)}: ${(t.members ?? []).map(line).join("; ")}`)
    .sort();
  return [...layout.storage.map(line), ...structs];
}
