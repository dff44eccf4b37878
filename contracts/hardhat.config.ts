import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";
import type { HardhatPlugin } from "hardhat/types/plugins";
import { productionSettings, SOLC_VERSION, testSettings } from "./solc-settings.ts";

// `path` with the text file of the compiler makes Hardhat run it as WebAssembly: no download, no list of versions.
const path = createRequire(import.meta.url).resolve("solc/soljson.js");
const compiler = { version: SOLC_VERSION, path };

/** `CONTRACTS_RUNS=20` multiplies the fuzz and invariant runs by 20 (nightly runs); 1 is what CI pays for. */
const times = Number(process.env.CONTRACTS_RUNS ?? 1);

/** Drops the compiler's warnings about packages (forge-std raises hundreds); ours and every error stay. */
const quietPackages: HardhatPlugin = {
  id: "corepool:quiet-packages",
  hookHandlers: {
    solidity: async () => ({
      default: async () => ({
        getCompilationJobErrors: async (context, job, output, next) =>
          (await next(context, job, output)).filter(
            (e) => e.severity === "error" || /--> \.\/(src|test)\//.test(e.formattedMessage ?? ""),
          ),
      }),
    }),
  },
};

export default defineConfig({
  plugins: [quietPackages],
  // `artifacts/` holds the committed, trimmed artefacts; Hardhat's own are scratch.
  paths: { sources: "src", tests: { solidity: "test" }, cache: "cache", artifacts: "cache/artifacts" },
  solidity: {
    profiles: {
      default: { ...compiler, settings: testSettings },
      production: { ...compiler, isolated: false, settings: productionSettings },
    },
  },
  test: {
    solidity: {
      // The tests deploy the committed artefacts.
      fsPermissions: {
        readFile: ["GPToken", "LeaseMarket", "TestUSDC", "UnitRegistry"].map((name) => `artifacts/${name}.json`),
      },
      fuzz: { runs: 256 * times },
      invariant: { runs: 32 * times, depth: 64, failOnRevert: true },
    },
  },
});
