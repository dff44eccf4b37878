/**
 * Measures the console in Debian's Chromium, on a real market: `npm run bench -- console` runs this, and so can you.
 * Prints one JSON line: figures by name, each with its unit.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Hex } from "viem";
import { clear, freePorts, newPlace, type RunningMarket, startMarket } from "../../support/market.ts";
import { launch, settled } from "../browser.ts";
import { signedIn } from "../signed-in.ts";
import { ask } from "./lighthouse.ts";
import { crowd } from "./offers.ts";
import { type Tasks, tasksDuring } from "./tasks.ts";
import { feltOn, forget, noteVitals, throttle } from "./vitals.ts";

const OFFERS = 10_000;
const LINES_PER_S = 2_000;
const LOG_SECONDS = 20;

const figures: [name: string, value: string, unit: string][] = [];
const note = (name: string, value: number, unit: string, digits = 0): void => {
  figures.push([name, value.toFixed(digits), unit]);
  process.stderr.write(`${name} ${value.toFixed(digits)} ${unit}\n`);
};

const place = await newPlace();
const [debugging = 0] = await freePorts(1);
const [market, browser] = await Promise.all([startMarket(place), launch([`--remote-debugging-port=${debugging}`])]);
const origin = `http://localhost:${place.ports.api}`;

/** A context that notes what its pages feel like, signed in as the market's own client. */
async function contextOf(of: Browser, width: number, height: number): Promise<BrowserContext> {
  const context = await of.newContext({ viewport: { width, height } });
  await noteVitals(context);
  const key = (await readFile(join(place.home, "keys", "client"), "utf8")).trim() as Hex;
  await (await signedIn((await market.file()).url, key))(context);
  return context;
}

async function opened(context: BrowserContext, path: string, slow: boolean): Promise<Page> {
  const page = await context.newPage();
  if (slow) await throttle(page);
  await page.goto(`${origin}${path}`);
  await settled(page);
  await page.waitForTimeout(1_000);
  return page;
}

/** Loads each screen anew on a slow phone. */
async function loads(paths: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, path] of Object.entries(paths)) {
    const context = await contextOf(browser, 360, 740);
    const { lcp, cls } = await feltOn(await opened(context, path, true));
    note(`console.${name}.lcp`, lcp, "ms");
    note(`console.${name}.cls`, cls, "", 3);
    await context.close();
  }
}

/** Goes through what a person does on a desk, on this processor or on one four times slower. */
async function interactions(slow: boolean): Promise<void> {
  const context = await contextOf(browser, 1_440, 900);
  const page = await opened(context, "/market", slow);
  await forget(page);
  await page.locator("tbody tr[data-index]").first().click();
  await page.waitForTimeout(300);
  await page.locator("thead button").first().click();
  await page.waitForTimeout(300);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to, search, run" }).pressSequentially("sett");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.waitForTimeout(300);
  for (const name of ["New workload", "Workloads", "Billing", "Network", "Settings"]) {
    await page.getByRole("navigation").first().getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
    await page.waitForTimeout(500);
  }
  await page.getByRole("navigation").first().getByRole("link", { name: "New workload", exact: true }).click();
  await page.getByLabel("Command").pressSequentially("python3 train.py", { delay: 40 });
  await page.waitForTimeout(500);
  const { inp, slowest, cls } = await feltOn(page);
  process.stderr.write(`slowest: ${slowest}\n`);
  note(`console.desk.${slow ? "slow." : ""}inp`, inp, "ms");
  note(`console.desk.${slow ? "slow." : ""}cls`, cls, "", 3);
  await context.close();
}

function noteTasks(name: string, { longest, over50, longestByClock }: Tasks): void {
  note(`console.${name}.longest_task`, longest, "ms of processor");
  note(`console.${name}.tasks_over_50`, over50, "tasks");
  note(`console.${name}.longest_by_clock`, longestByClock, "ms");
}

/** The market with ten thousand offers: read whole, scrolled, sorted, searched, and read anew by itself. */
async function crowded(): Promise<void> {
  const { tokens } = (await (await fetch(`${origin}/v1/market`)).json()) as { tokens: { address: string }[] };
  await crowd(place, tokens[0]?.address ?? "", OFFERS);
  const context = await contextOf(browser, 1_440, 900);
  const page = await context.newPage();
  const begun = Date.now();
  const reading = await tasksDuring(browser, page, async () => {
    await page.goto(`${origin}/market?free=all`);
    await page.waitForFunction(
      (count) => Number(document.querySelector("table")?.getAttribute("aria-rowcount")) > count,
      // The page stops at ten thousand rows, of which some are the machine's own, in another token.
      OFFERS * 0.99,
      { timeout: 120_000, polling: 250 },
    );
  });
  note("console.offers.all_read", Date.now() - begun, "ms");
  noteTasks("offers.reading", reading);
  const scrolling = await tasksDuring(browser, page, async () => {
    await page.locator("tbody tr[data-index]").nth(3).hover();
    for (let i = 0; i < 60; i++) {
      await page.mouse.wheel(0, 1_500);
      await page.waitForTimeout(50);
    }
  });
  noteTasks("offers.scrolling", scrolling);
  const sorting = await tasksDuring(browser, page, async () => {
    await page.locator("thead button").nth(1).click();
    await page.waitForTimeout(1_000);
    await page.getByRole("searchbox").first().pressSequentially("0x7", { delay: 100 });
    // Long enough that the list is read anew by itself.
    await page.waitForTimeout(15_000);
  });
  noteTasks("offers.sorting", sorting);
  note("console.offers.inp", (await feltOn(page)).inp, "ms");
  await context.close();
}

/** A job that writes 2,000 lines a second, watched in its log. */
async function logged(running: RunningMarket): Promise<void> {
  const script = `
import time
begun = time.time()
for i in range(${LINES_PER_S * LOG_SECONDS}):
    left = begun + i / ${LINES_PER_S} - time.time()
    if left > 0: time.sleep(left)
    print(f"{i:06d} {time.time():.3f} step loss=0.1234 lr=3e-4 tokens/s=12345", flush=True)
`;
  const job = running.start("run", "--time", "5m", "--", "python3", "-c", script);
  const placed = await job.until("placed", (line) => line.type === "placed");
  const context = await contextOf(browser, 1_440, 900);
  const page = await opened(context, `/w/${String(placed.workload)}?tab=logs`, false);
  await page.locator("[data-log]").waitFor({ timeout: 60_000 });
  const line = page
    .locator("[data-log] li")
    .filter({ hasText: String(LINES_PER_S * LOG_SECONDS - 1).padStart(6, "0") });
  let late = Number.NaN;
  const tasks = await tasksDuring(browser, page, async () => {
    await line.waitFor({ timeout: 120_000 });
    const writtenAt = Number(/ (\d+\.\d+) /.exec((await line.textContent()) ?? "")?.[1]) * 1_000;
    late = Date.now() - writtenAt;
  });
  noteTasks("log", tasks);
  note("console.log.last_line_late", late, "ms");
  await context.close();
  await job.ended;
}

async function verdicts(): Promise<void> {
  for (const profile of ["mobile", "desktop"] as const) {
    const { performance, accessibility, lcp, cls, blocking, processor } = await ask(
      `${origin}/market`,
      debugging,
      profile,
    );
    note(`console.lighthouse.${profile}.performance`, performance, "of 100");
    note(`console.lighthouse.${profile}.accessibility`, accessibility, "of 100");
    note(`console.lighthouse.${profile}.lcp`, lcp, "ms");
    note(`console.lighthouse.${profile}.cls`, cls, "", 3);
    note(`console.lighthouse.${profile}.blocking`, blocking, "ms");
    note(`console.lighthouse.${profile}.processor`, processor, "(index)");
  }
}

try {
  const { said } = await market.command("run", "--time", "1m", "--", "python3", "-c", "print(6*7)");
  const ended = said.at(-1)?.workload as { readonly id: string };
  await verdicts();
  await loads({ market: "/market", new: "/new", workload: `/w/${ended.id}`, billing: "/billing" });
  await interactions(false);
  await interactions(true);
  await logged(market);
  await crowded();
} finally {
  await browser.close();
  await market.stop();
  await clear(place);
}
process.stdout.write(`${JSON.stringify({ figures })}\n`);
