/** A process of its own for one runner: a mutant may never end, and is then ended with the process. */
import type { Case, Language } from "./catalogue.ts";
import { contractRunner } from "./contracts.ts";
import { moduleRunner } from "./modules.ts";

const [language, option] = process.argv.slice(2) as [Language, string];
const runner =
  language === "contracts" ? await contractRunner(`mutants-${process.pid}`) : await moduleRunner(option === "database");

const obey = async (message: Case | "end"): Promise<void> => {
  if (message === "end") {
    await runner.end();
    process.exit(0);
  }
  try {
    process.send?.({ outcome: await runner.run(message.mutant, message.tests) });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
};
process.on("message", (message: Case | "end") => void obey(message));
process.on("disconnect", () => process.exit(1));
process.send?.({ ready: true });
