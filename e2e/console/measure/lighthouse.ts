import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const VERSION = "13.5.0";
const FOLDER = fileURLToPath(new URL(`../../../node_modules/.cache/lighthouse-${VERSION}`, import.meta.url));

type Lighthouse = (
  url: string,
  flags: object,
  config?: object,
) => Promise<{
  readonly lhr: {
    readonly categories: Readonly<Record<string, { readonly score: number | null }>>;
    readonly environment: { readonly benchmarkIndex: number };
    readonly audits: Readonly<Record<string, { readonly numericValue?: number }>>;
  };
}>;

/** Lighthouse itself, installed beside the project when it is asked for first: it is too heavy to install for everybody. */
async function load(): Promise<{ readonly lighthouse: Lighthouse; readonly desktop: object }> {
  const at = join(FOLDER, "node_modules/lighthouse");
  if (!existsSync(at)) {
    await mkdir(FOLDER, { recursive: true });
    await writeFile(join(FOLDER, "package.json"), '{"private":true}\n');
    await promisify(execFile)("npm", ["install", "--no-audit", "--no-fund", `lighthouse@${VERSION}`], { cwd: FOLDER });
  }
  const from = async (file: string) =>
    ((await import(pathToFileURL(join(at, file)).href)) as { readonly default: unknown }).default;
  return {
    lighthouse: (await from("core/index.js")) as Lighthouse,
    desktop: (await from("core/config/desktop-config.js")) as object,
  };
}

/** What Lighthouse says of a page: scores of 100, times in ms. */
export interface Verdict {
  readonly performance: number;
  readonly accessibility: number;
  readonly lcp: number;
  readonly cls: number;
  readonly blocking: number;
  /** How fast Lighthouse finds this machine's processor; a desk of today has 1,500 to 2,500. */
  readonly processor: number;
}

/** Asks Lighthouse about a page that anybody may see, through a browser that listens at `port`. */
export async function ask(url: string, port: number, profile: "mobile" | "desktop"): Promise<Verdict> {
  const { lighthouse, desktop } = await load();
  const flags = { port, output: "json", logLevel: "error", onlyCategories: ["performance", "accessibility"] };
  const { lhr } = await lighthouse(url, flags, profile === "desktop" ? desktop : undefined);
  const score = (name: string) => Math.round((lhr.categories[name]?.score ?? 0) * 100);
  const number = (name: string) => lhr.audits[name]?.numericValue ?? Number.NaN;
  return {
    performance: score("performance"),
    accessibility: score("accessibility"),
    lcp: number("largest-contentful-paint"),
    cls: number("cumulative-layout-shift"),
    blocking: number("total-blocking-time"),
    processor: lhr.environment.benchmarkIndex,
  };
}
