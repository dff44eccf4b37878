import { join } from "node:path";
import type { HardhatUserConfig } from "hardhat/config";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";

export const CONTRACTS = join(import.meta.dirname, "../../contracts");

/** What one test function came to; `calls` of an invariant. */
export interface ContractTest {
  readonly name: string;
  readonly passed: boolean;
  readonly calls: bigint;
}

type SuiteResult = {
  readonly id: { readonly name: string };
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly kind: { readonly calls?: bigint };
  }[];
};
type TaskResult = { readonly success: boolean; readonly value?: Outcome; readonly error?: Outcome };
type Outcome = { readonly suiteResults: readonly SuiteResult[] };

/**
 * The contracts' Solidity tests, compiled once and run as often as asked in this process, which changes to their folder.
 * @param settings of Hardhat's `test.solidity`, in the place of the repository's own
 */
export async function contractTests(settings: NonNullable<NonNullable<HardhatUserConfig["test"]>["solidity"]>) {
  const path = join(CONTRACTS, "hardhat.config.ts");
  const { default: config } = (await import(path)) as { default: HardhatUserConfig };
  process.chdir(CONTRACTS);
  const hre = await createHardhatRuntimeEnvironment(
    { ...config, test: { solidity: settings } },
    { config: path },
    CONTRACTS,
  );
  await quietly(() => hre.tasks.getTask("build").run({ quiet: true }));
  return {
    /** @param files below the contracts' folder */
    async run(files: readonly string[]): Promise<ContractTest[]> {
      const task = hre.tasks.getTask(["test", "solidity"]);
      const testFiles = files.map((file) => join(CONTRACTS, file));
      const result = (await quietly(() => task.run({ testFiles, noCompile: true }))) as TaskResult;
      const tests = ((result.value ?? result.error)?.suiteResults ?? []).flatMap((suite) =>
        suite.testResults.map(({ name, status, kind }) => ({
          name: `${suite.id.name}.${name}`,
          passed: status === "Success",
          calls: kind.calls ?? 0n,
        })),
      );
      if (tests.length === 0) throw new Error(`no test ran in ${files.join(", ")}`);
      // A set-up that fails leaves no test behind that says so.
      return result.success ? tests : [...tests, { name: "the run", passed: false, calls: 0n }];
    },
  };
}

/** Hardhat prints every test; here only the outcome counts. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const write = process.stdout.write.bind(process.stdout);
  const error = console.error.bind(console);
  process.stdout.write = ((...args: readonly unknown[]) => {
    const done = args.at(-1);
    if (typeof done === "function") done();
    return true;
  }) as typeof process.stdout.write;
  console.error = () => undefined;
  try {
    return await work();
  } finally {
    process.stdout.write = write;
    console.error = error;
  }
}
