import { readFileSync } from "node:fs";
import { catalogue, type Language } from "./mutants/catalogue.ts";
import { namedIn, openJournal } from "./mutants/journal.ts";
import { faultsOf, LEAST_KILLED, listedSurvivors, scoreOf } from "./mutants/judge.ts";
import { tryMutants } from "./mutants/pool.ts";

const WORKERS = 2;

/**
 * `bench mutants`: every mutant of the contracts and of the modules that move money; takes hours. Prints survivors that
 * bench/mutants/survivors.json does not explain on the error output as it finds them, and exits with 1 for a language of
 * which less than nine in ten were killed, or for a listed survivor that was.
 *
 * MUTANTS=LANGUAGE[:TEXT] tries only one language, and only files that have the text in their path. MUTANTS_ONLY=FILE
 * tries only what the file names: the survivors that an earlier run printed. MUTANTS_JOURNAL=FILE keeps outcomes, so that
 * a run that was broken off goes on from there.
 */
export async function run(print: (name: string, value: number, unit: string) => void): Promise<void> {
  const [only, text = ""] = (process.env["MUTANTS"] ?? "").split(":");
  const list = process.env["MUTANTS_ONLY"];
  const listed = listedSurvivors();
  for (const language of ["contracts", "typescript"] satisfies Language[]) {
    if (only !== "" && only !== language) continue;
    const ofFiles = catalogue(language).filter(({ mutant }) => mutant.file.includes(text));
    const cases = list === undefined ? ofFiles : namedIn(readFileSync(list, "utf8"), ofFiles);
    if (cases.length === 0) continue;
    const { known, left, keep } = openJournal(process.env["MUTANTS_JOURNAL"], cases);
    const tried = await tryMutants(language, left, WORKERS, (result, i) => {
      keep(result);
      for (const fault of faultsOf([result], listed)) console.error(`${i + 1}/${left.length} ${fault}`);
    });
    const results = [...known, ...tried];
    const score = scoreOf(results, listed);
    print(`mutants.${language}.killed`, score.killed, "mutants");
    print(`mutants.${language}.total`, score.killed + score.unnoticed + score.explained, "mutants");
    print(`mutants.${language}.explained`, score.explained, "mutants");
    print(`mutants.${language}.stillborn`, score.stillborn, "mutants");
    print(`mutants.${language}.share`, Math.floor(1_000 * score.share) / 10, "%");
    const killedThough = faultsOf(results, listed).length > score.unnoticed;
    if (score.share < LEAST_KILLED || killedThough) process.exitCode = 1;
  }
}
