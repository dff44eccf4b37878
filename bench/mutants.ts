import { catalogue, type Language } from "./mutants/catalogue.ts";
import { faultsOf, listedSurvivors } from "./mutants/judge.ts";
import { tryMutants } from "./mutants/pool.ts";

const WORKERS = 2;

/**
 * `bench mutants`: every mutant of the contracts and of the modules that move money; takes hours. Prints survivors that
 * bench/mutants/survivors.json does not explain on the error output as it finds them. MUTANTS=LANGUAGE[:TEXT] tries
 * only one language, and only files that have the text in their path.
 */
export async function run(print: (name: string, value: number, unit: string) => void): Promise<void> {
  const [only, text = ""] = (process.env["MUTANTS"] ?? "").split(":");
  const listed = listedSurvivors();
  for (const language of ["contracts", "typescript"] satisfies Language[]) {
    if (only !== "" && only !== language) continue;
    const cases = catalogue(language).filter(({ mutant }) => mutant.file.includes(text));
    const results = await tryMutants(language, cases, WORKERS, (result, i) => {
      for (const fault of faultsOf([result], listed)) console.error(`${i + 1}/${cases.length} ${fault}`);
    });
    const count = (outcome: string): number => results.filter((result) => result.outcome === outcome).length;
    const total = results.length - count("stillborn");
    print(`mutants.${language}.killed`, count("killed"), "mutants");
    print(`mutants.${language}.total`, total, "mutants");
    print(`mutants.${language}.stillborn`, count("stillborn"), "mutants");
    print(`mutants.${language}.share`, Math.round((1_000 * count("killed")) / total) / 10, "%");
    if (faultsOf(results, listed).length > 0) process.exitCode = 1;
  }
}
