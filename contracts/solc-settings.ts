/** The compiler and the settings of everything that is deployed; Hardhat and scripts/compile.ts share them. */
export const SOLC_VERSION = "0.8.37";

// Without metadata the bytecode depends on the sources only, not on where or how they were compiled.
const base = {
  // Deployed once and run for every lease: 200 would make the market smaller and a lease some 350 gas dearer.
  optimizer: { enabled: true, runs: 2_000 },
  evmVersion: "cancun",
  metadata: { bytecodeHash: "none", appendCBOR: false },
} as const;

/** Quick to compile: for tests, which deploy the committed artefacts and not what these settings make of them. */
export const testSettings = { ...base, optimizer: { enabled: false } } as const;

/** What is deployed: through the IR. */
export const productionSettings = { ...base, viaIR: true } as const;
