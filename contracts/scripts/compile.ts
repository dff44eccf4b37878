/**
 * Builds what is committed about the contracts: artifacts/*.json, sizes.json, storage-layouts.json and the ABIs of
 * packages/protocol. With --check it writes nothing and fails when a committed file is not what the sources give.
 *
 *     node scripts/compile.ts [--check] [name ...]
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type Compiled, compileContract } from "./solc.ts";

/** EIP-170. */
const SIZE_LIMIT = 24_576;

const root = join(import.meta.dirname, "..");
const abis = join(root, "../packages/protocol/src/abi");

const contracts = [
  {
    name: "AccessManager",
    source: "@openzeppelin/contracts/access/manager/AccessManager.sol",
    file: "access-manager",
    abi: "accessManagerAbi",
  },
  { name: "GPToken", source: "src/GPToken.sol", file: "gp-token", abi: "gpTokenAbi" },
  { name: "TestUSDC", source: "src/TestUSDC.sol", file: "test-usdc", abi: "testUsdcAbi" },
  { name: "UnitRegistry", source: "src/UnitRegistry.sol", file: "unit-registry", abi: "unitRegistryAbi" },
  { name: "LeaseMarket", source: "src/LeaseMarket.sol", file: "lease-market", abi: "leaseMarketAbi" },
] as const;

const args = process.argv.slice(2);
const check = args.includes("--check");
const wanted = args.filter((a) => !a.startsWith("--"));
const unknown = wanted.filter((name) => !contracts.some((c) => c.name === name));
if (unknown.length > 0)
  fail(`no such contract: ${unknown.join(", ")} (known: ${contracts.map((c) => c.name).join(", ")})`);

const sizes = table("sizes.json") as Record<string, { init: number; runtime: number }>;
const layouts = table("storage-layouts.json") as Record<string, readonly string[]>;
const files = new Map<string, string>();

for (const { name, source, file, abi } of contracts) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { layout, ...artefact } = compileContract(root, source, name);
  sizes[name] = { init: bytes(artefact.bytecode), runtime: bytes(artefact.deployedBytecode) };
  layouts[name] = layout;
  if (bytes(artefact.deployedBytecode) > SIZE_LIMIT)
    fail(`${name} has ${bytes(artefact.deployedBytecode)} bytes, above the limit of ${SIZE_LIMIT} (EIP-170)`);
  files.set(join(root, "artifacts", `${name}.json`), json(artefact));
  files.set(join(abis, `${file}.gen.ts`), abiSource(artefact, abi));
}
files.set(join(root, "sizes.json"), json(sorted(sizes)));
files.set(join(root, "storage-layouts.json"), json(sorted(layouts)));

const stale = [...files].filter(([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text);
if (check && stale.length > 0) {
  fail(
    `not what the sources give: ${stale.map(([path]) => relative(root, path)).join(", ")}. Run npm run build in contracts/ and commit.`,
  );
}
for (const [path, text] of check ? [] : stale) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
console.log(
  check
    ? `contracts: ${files.size} committed files are what the sources give`
    : `contracts: ${stale.length === 0 ? "nothing changed" : `wrote ${stale.map(([path]) => relative(root, path)).join(", ")}`}`,
);

function table(name: string): Record<string, unknown> {
  const path = join(root, name);
  return wanted.length > 0 && existsSync(path)
    ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>)
    : {};
}

function abiSource(artefact: Pick<Compiled, "abi" | "contractName">, constant: string): string {
  const items = artefact.abi.map((item) => `  ${JSON.stringify(item)},\n`).join("");
  return `// Generated from ${artefact.contractName} by contracts/scripts/compile.ts: do not edit.\nexport const ${constant} = [\n${items}] as const;\n`;
}

function bytes(hex: string): number {
  return (hex.length - 2) / 2;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fail(message: string): never {
  console.error(`contracts: ${message}`);
  process.exit(1);
}
