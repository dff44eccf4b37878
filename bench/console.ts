import { reportOf } from "./support/report.ts";

type Print = (name: string, value: string, unit: string) => void;

/**
 * The console in Debian's Chromium, on a real market. `lcp`, `cls`: screens loaded anew with a processor four times slower
 * and slow 4G. `desk.inp`: the slowest of what a person does on a desk, on this processor, and four times slower.
 * `offers.*`: the market with 10,000 offers; `log.*`: a log of 2,000 lines a second; both on this machine as it is, on
 * which the whole market runs besides.
 * `lighthouse.*`: Lighthouse's own word, which is installed into node_modules/.cache the first time.
 */
export async function run(print: Print): Promise<void> {
  const { figures } = await reportOf<{ readonly figures: readonly (readonly [string, string, string])[] }>(
    "e2e/console/measure/main.ts",
  );
  for (const [name, value, unit] of figures) print(name, value, unit);
}
