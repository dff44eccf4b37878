/** The compiler and the settings of everything that is deployed; Hardhat and scripts/compile.ts share them. */
export const SOLC_VERSION = "0.8.37";

// Without metadata the bytecode depends on the sources only, not on where or how they were compiled.
const base = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: "cancun",
  metadata: { bytecodeHash: "none", appendCBOR: false },
} as const;

/** Quick to compile: for tests. */
export const testSettings = base;

/** What is deployed: through the IR. */
export const productionSettings = { ...base, viaIR: true } as const;
