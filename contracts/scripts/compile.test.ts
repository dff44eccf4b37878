import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

// A copy of the package in another folder: what is committed must not depend on where it was built.
const repository = join(import.meta.dirname, "../..");
const top = mkdtempSync(join(tmpdir(), "corepool-compile-"));
const contracts = join(top, "contracts");
for (const path of [
  "src",
  "scripts",
  "artifacts",
  "solc-settings.ts",
  "package.json",
  "sizes.json",
  "storage-layouts.json",
]) {
  cpSync(join(repository, "contracts", path), join(contracts, path), { recursive: true });
}
mkdirSync(join(top, "packages/protocol/src"), { recursive: true });
cpSync(join(repository, "packages/protocol/src/abi"), join(top, "packages/protocol/src/abi"), { recursive: true });
symlinkSync(join(repository, "node_modules"), join(top, "node_modules"));
afterAll(() => rmSync(top, { recursive: true, force: true }));

const check = (...args: string[]) => {
  const run = spawnSync(process.execPath, [join(contracts, "scripts/compile.ts"), ...args], { encoding: "utf8" });
  return { status: run.status, text: run.stdout + run.stderr };
};

function edit(path: string, change: (text: string) => string): void {
  const file = join(top, path);
  const text = readFileSync(file, "utf8");
  expect(change(text)).not.toBe(text);
  writeFileSync(file, change(text));
}

it("gives the same bytecode in another folder, and names each file that is not what the sources give", () => {
  edit("contracts/sizes.json", (text) => text.replace(/("TestUSDC": \{\s+"init": )\d+/, "$1" + "1"));
  edit("packages/protocol/src/abi/test-usdc.gen.ts", (text) => text.replace("FAUCET_LIMIT", "FAUCET_LIMITS"));
  const stale = check("--check", "TestUSDC");
  expect(stale.status).toBe(1);
  // The artefact and the layout are not among them.
  expect(stale.text).toContain("what the sources give: ../packages/protocol/src/abi/test-usdc.gen.ts, sizes.json. Run");
}, 120_000);

it("fails on an error, on a warning about our own code, and on an unknown name", () => {
  edit("contracts/src/TestUSDC.sol", (text) => text.replace("return 6;", "uint256 unused = 1; return 6;"));
  const warned = check("TestUSDC");
  expect(warned.status).toBe(1);
  expect(warned.text).toContain("Unused local variable");
  edit("contracts/src/TestUSDC.sol", (text) => text.replace("uint256 unused = 1;", "uint256 unused = 1"));
  expect(check("TestUSDC").text).toContain("ParserError");
  expect(check("TestUSDCs")).toMatchObject({ status: 1 });
}, 120_000);
