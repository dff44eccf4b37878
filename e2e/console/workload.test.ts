import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Receipt } from "@corepool/protocol/resources";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import type { Hex } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { clear, newPlace, type Place, type RunningMarket, resultOf, startMarket } from "../support/market.ts";
import { axe, launch, type OpenOptions, type OpenPage, openPage, overflows, settled } from "./browser.ts";
import { signedIn } from "./signed-in.ts";

/** Counts on for as long as it is let: a line every 50 ms, every tenth on stderr too. */
const COUNTING = `
import sys, time
n = 0
while True:
    print("tick", n, flush=True)
    if n % 10 == 0:
        print("warning at", n, file=sys.stderr, flush=True)
    n += 1
    time.sleep(0.05)
`;
/** Leaves two files, one of them a picture. */
const LEAVING = `
import base64, os
out = os.environ["COREPOOL_OUTPUTS"]
open(os.path.join(out, "answer.txt"), "w").write("42\\n")
open(os.path.join(out, "dot.png"), "wb").write(base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))
print("the answer is 42")
`;
describe("workloads, in a browser, on a real market", () => {
  let place: Place;
  let market: RunningMarket;
  let browser: Browser;
  let origin: string;
  let rpcUrl: string;
  let prepare: OpenOptions["prepare"];
  let opened: OpenPage | undefined;

  beforeAll(async () => {
    place = await newPlace();
    [market, browser] = await Promise.all([startMarket(place), launch()]);
    origin = `http://localhost:${place.ports.api}`;
    const file = await market.file();
    rpcUrl = file.rpcUrl;
    // The command line's own account: what it runs is seen here.
    prepare = await signedIn(file.url, (await readFile(join(place.home, "keys", "client"), "utf8")).trim() as Hex);
  });
  afterEach(async () => {
    const problems = opened?.problems ?? [];
    await opened?.close();
    opened = undefined;
    expect(problems).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await market.stop();
    await clear(place);
  });

  const open = async (path: string, options: Partial<OpenOptions> = {}): Promise<Page> => {
    opened = await openPage(browser, {
      origin,
      path,
      besides: [rpcUrl],
      ...(prepare === undefined ? {} : { prepare }),
      ...options,
    });
    return opened.page;
  };
  /** A job that runs, started from the command line. */
  const start = async (script: string, ...options: readonly string[]) => {
    const running = market.start("run", "--time", "10m", ...options, "--", "python3", "-c", script);
    const placed = await running.until("placed", (line) => line.type === "placed");
    return { running, id: String(placed.workload) };
  };
  const billOf = async (id: string): Promise<Receipt> => {
    const { said } = await market.command("receipt", id);
    return said.at(-1)?.receipt as Receipt;
  };
  /** Base units that an element of the page holds. */
  const units = async (element: Locator, name: string): Promise<bigint> =>
    BigInt((await element.getAttribute(name)) ?? "-1");

  /** Notes what the pages of a context ask the API for, and in whose name. */
  const noteReads = (context: BrowserContext, reads: string[]): void => {
    context.on("request", (request) => {
      const { pathname } = new URL(request.url());
      const who = request.headers()["authorization"] === undefined ? "anybody" : "its owner";
      if (pathname.startsWith("/v1/")) reads.push(`${pathname} by ${who}`);
    });
  };

  /** The text of every line of the log, read by going through all of it, as somebody who scrolls would. */
  const readLog = async (page: Page): Promise<string[]> => {
    const log = page.locator("[data-log]");
    await log.focus();
    await page.keyboard.press("Home");
    const seen = new Map<number, string>();
    for (;;) {
      await page.waitForTimeout(50);
      const { lines, atEnd } = await log.evaluate((element) => {
        const found = [...element.querySelectorAll("li")].map(
          (line) => [Number(line.getAttribute("aria-posinset")), line.textContent ?? ""] as const,
        );
        const end = element.scrollTop + element.clientHeight >= element.scrollHeight - 2;
        element.scrollTop += element.clientHeight;
        return { lines: found, atEnd: end };
      });
      for (const [place, text] of lines) seen.set(place, text);
      if (atEnd) return [...seen].sort((a, b) => a[0] - b[0]).map(([, text]) => text);
    }
  };

  it("shows a job run: state, figures that tick, log; goes on without a gap after the network was lost; stops it and shows the refund", async () => {
    const { running, id } = await start(COUNTING, "--name", "counting");
    const page = await open("/w", { expected: /Failed to load resource/ });
    const row = page.locator("tbody tr[data-index]").filter({ hasText: "counting" });
    await row.getByText("Running").waitFor({ timeout: 60_000 });
    await row.click();
    await page.waitForURL(`**/w/${id}`);

    // Overview: the attempt, its steps, its machine, what comes next.
    await page.locator("[data-attempt='1']").getByText("Running").first().waitFor();
    await page.getByText("It runs until it ends by itself").waitFor();
    await page.getByRole("heading", { name: "Machine", level: 2 }).waitFor();
    const spent = page.locator("[data-spent]");
    const before = await units(spent, "data-spent");
    await expect.poll(() => units(spent, "data-spent"), { timeout: 15_000 }).toBeGreaterThan(before);

    // Log: fills the pane, follows, tells the outputs apart, searches.
    await page.getByRole("link", { name: "Log", exact: true }).click();
    const log = page.locator("[data-log]");
    const count = async () => Number(await log.getAttribute("data-lines"));
    await expect.poll(count, { timeout: 20_000 }).toBeGreaterThan(30);
    const pane = await page.getByRole("region", { name: "Log", exact: true }).boundingBox();
    expect(pane?.height).toBeGreaterThanOrEqual(900 * 0.6);
    await expect
      .poll(() => log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight))
      .toBeLessThan(30);
    await page.getByLabel("Search in the log").fill("warning at 10");
    await page.waitForURL("**find=warning**");
    await page
      .getByRole("status")
      .filter({ hasText: /^0 \/ [1-9]/ })
      .waitFor();
    await page.keyboard.press("Enter");
    await page.locator("li[aria-current] mark").getByText("warning at 10").waitFor();
    // The coordinator searches all of it, and what it finds is gone to here.
    await page.getByRole("button", { name: "Search the whole log" }).click();
    const whole = page.getByRole("region", { name: "Search of the whole log" });
    await whole.getByText(/lines? found in/).waitFor();
    await whole.getByRole("button", { name: /warning at 10$/ }).click();
    await page.locator("li[aria-current] mark").getByText("warning at 10").waitFor();
    await page.getByLabel("Search in the log").fill("");
    await page.waitForURL((url) => !url.search.includes("find"));

    // The network goes away while the job goes on.
    await opened?.context.setOffline(true);
    await page.getByText("This device is offline.").waitFor();
    await page.waitForTimeout(3_000);
    const atBreak = await count();
    await page
      .locator("header")
      .getByText(/^Stale/)
      .waitFor();
    await opened?.context.setOffline(false);
    await page.getByText("This device is offline.").waitFor({ state: "detached" });
    await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(atBreak + 40);
    const lines = await readLog(page);
    const ticks = lines.flatMap((line) => /tick (\d+)$/.exec(line)?.[1] ?? []).map(Number);
    expect(ticks).toEqual(Array.from({ length: ticks.length }, (_, n) => n));
    expect(ticks.length).toBeGreaterThan(60);
    expect(lines.some((line) => line.includes("Standard error:") && line.includes("warning at 0"))).toBe(true);

    // Stop: said before it is done, and the money comes back.
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Stop this workload?" });
    await dialog.getByText("comes back from escrow").waitFor();
    expect(await axe(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Stop", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
    await page.locator("[data-state='cancelled']").getByText("You stopped it.").waitFor({ timeout: 60_000 });
    await page.locator("dt").getByText("Refunded").waitFor();
    await running.ended;
    const bill = await billOf(id);
    await expect.poll(() => units(spent, "data-spent")).toBe(BigInt(bill.total));
    expect(await units(page.locator("[data-left]"), "data-left")).toBe(BigInt(bill.refund));
    expect(BigInt(bill.refund)).toBeGreaterThan(0n);

    await page.getByRole("link", { name: "Receipt" }).click();
    await page.locator("[data-check='matches']").getByText("The chain says the same").waitFor({ timeout: 20_000 });
    const receipt = page.locator("[data-receipt]");
    for (const [name, value] of [
      ["total", bill.total],
      ["refund", bill.refund],
      ["fee", bill.fee],
    ] as const)
      expect(await receipt.getAttribute(`data-${name}`)).toBe(value);
    for (const hash of [bill.openTx, bill.closeTx, bill.lease]) await page.getByText(String(hash)).waitFor();

    await page.getByRole("link", { name: "Events" }).click();
    for (const type of ["workload.running", "workload.stopping", "workload.cancelled"])
      await page.getByRole("cell", { name: type, exact: true }).waitFor();
    await page.getByRole("link", { name: "Metrics" }).click();
    await page.getByText("Memory", { exact: true }).waitFor();
  });

  describe("a job that has ended", () => {
    let id: string;
    let files: ReturnType<typeof resultOf>["files"];

    beforeAll(async () => {
      const { said, code } = await market.command(
        "run",
        "--time",
        "2m",
        "--name",
        "leaving",
        "--",
        "python3",
        "-c",
        LEAVING,
      );
      expect(code).toBe(0);
      ({ files } = resultOf(said));
      id = resultOf(said).workload.id;
    });

    it("gives its files, each checked in the page against its hash", async () => {
      const page = await open(`/w/${id}?tab=files`);
      const file = page.locator("[data-file='answer.txt']");
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        file.getByRole("button", { name: "Download answer.txt" }).click(),
      ]);
      await file.getByText("SHA-256 checked here: it matches").waitFor();
      const bytes = await readFile(await download.path());
      expect(download.suggestedFilename()).toBe("answer.txt");
      expect(bytes.toString()).toBe("42\n");
      expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(
        files.find(({ path }) => path === "answer.txt")?.hash,
      );
      await file.getByRole("button", { name: "Show answer.txt" }).click();
      await page.getByRole("dialog").getByText("42").waitFor();
      await page.keyboard.press("Escape");
      await page.locator("[data-file='dot.png']").getByRole("button", { name: "Show dot.png" }).click();
      await expect
        .poll(() =>
          page
            .getByRole("dialog")
            .getByRole("img")
            .evaluate((image) => (image as HTMLImageElement).naturalWidth),
        )
        .toBe(1);
    });

    it("saves nothing when the bytes are not those of the hash", async () => {
      const page = await open(`/w/${id}?tab=files`);
      await page.route("**/v1/blobs/**", (route) =>
        route.fulfill({ body: "43\n", contentType: "application/octet-stream" }),
      );
      let downloads = 0;
      page.on("download", () => downloads++);
      const file = page.locator("[data-file='answer.txt']");
      await file.getByRole("button", { name: "Download answer.txt" }).click();
      await file.locator("[data-check='failed']").getByText("the bytes have another hash").waitFor();
      expect(downloads).toBe(0);
    });

    it("shows a bill that the chain confirms, and says so when a bill is not the chain's", async () => {
      const page = await open(`/w/${id}?tab=receipt`);
      await page.locator("[data-check='matches']").waitFor({ timeout: 20_000 });
      const bill = await billOf(id);
      expect(await page.locator("[data-receipt]").getAttribute("data-total")).toBe(bill.total);
      await page.route("**/v1/workloads/*/receipt", async (route) => {
        const answer = await route.fetch();
        const receipt = (await answer.json()) as Receipt;
        await route.fulfill({ response: answer, json: { ...receipt, total: String(BigInt(receipt.total) + 1n) } });
      });
      await page
        .locator("[data-check='differs']")
        .getByText("The receipt and the chain differ")
        .waitFor({ timeout: 20_000 });
    });

    it("tells how to have the same run again, as a command, a call and a document", async () => {
      const page = await open(`/w/${id}?tab=config`);
      await page.getByRole("button", { name: "Copy as" }).click();
      await page.getByRole("dialog").getByText("corepool run --name leaving --cpu 1 --memory 512MiB").waitFor();
      await page.getByRole("dialog").getByText("YAML").click();
      await page.getByRole("dialog").getByText("kind: job").waitFor();
    });

    it("has nothing that axe minds on any of its parts, and fits its window", async () => {
      const found: string[] = [];
      const views = [
        { width: "wide", theme: "dark", language: "en" },
        { width: "phone", theme: "light", language: "ko" },
      ] as const;
      for (const view of views) {
        const page = await open("/w", view);
        for (const path of [
          "/w",
          `/w/${id}`,
          ...["logs", "metrics", "files", "receipt", "events", "config"].map((tab) => `/w/${id}?tab=${tab}`),
        ]) {
          await opened?.go(path);
          const wrong = [...(await axe(page)), ...((await overflows(page)) ? ["it is wider than its window"] : [])];
          found.push(...wrong.map((each) => `${path} ${view.width} ${view.theme} ${view.language}: ${each}`));
        }
        found.push(...(opened?.problems ?? []));
        await opened?.close();
        opened = undefined;
      }
      expect(found).toEqual([]);
    });

    it("is read once, though its page begins to read it before the console's code is here", async () => {
      const reads: string[] = [];
      await open(`/w/${id}`, {
        prepare: async (context) => {
          noteReads(context, reads);
          await prepare?.(context);
        },
      });
      expect(reads.filter((read) => read.startsWith("/v1/market"))).toEqual(["/v1/market by anybody"]);
      expect(reads.filter((read) => read.startsWith(`/v1/workloads/${id} `))).toEqual([
        `/v1/workloads/${id} by its owner`,
      ]);
    });

    it("belongs to its owner: a page without an identity asks for none of it, and its reader to sign in", async () => {
      const reads: string[] = [];
      opened = await openPage(browser, {
        origin,
        path: `/w/${id}`,
        prepare: async (context) => noteReads(context, reads),
      });
      await opened.page.getByText("Only its owner sees a workload").waitFor();
      expect(reads).toEqual(["/v1/market by anybody"]);
    });

    it("stands in a frame before the console's code is here, with its reads begun", async () => {
      const reads: string[] = [];
      const context = await browser.newContext();
      try {
        await prepare?.(context);
        noteReads(context, reads);
        await context.route(/\/assets\/base-[^/]*\.js$/, (route) => route.abort());
        const page = await context.newPage();
        await page.goto(`${origin}/w/${id}`);
        const frame = page.locator("[data-frame]");
        await frame.getByRole("link", { name: "Billing" }).waitFor();
        await expect.poll(() => reads.length).toBe(3);
        expect([...reads].sort()).toEqual([
          "/v1/market by anybody",
          `/v1/workloads/${id} by its owner`,
          `/v1/workloads/${id}/events by its owner`,
        ]);
        // Nothing in it can be pressed, and nothing in it says who looks.
        expect(await frame.evaluate((element) => (element as HTMLElement).inert)).toBe(true);
        expect(await frame.getByText("Sign in", { exact: true }).isVisible()).toBe(false);
        await page.goto(`${origin}/market`);
        await frame.getByText("You pay by the second").waitFor();
      } finally {
        await context.close();
      }
    });
  });

  it("stops several at once from the list, by the keyboard, and keeps its view in the address", async () => {
    const jobs = [await start(COUNTING, "--name", "many-a"), await start(COUNTING, "--name", "many-b")];
    const page = await open("/w?show=active");
    const rows = page.locator("tbody tr[data-index]");
    await expect.poll(() => rows.count(), { timeout: 30_000 }).toBe(2);
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.getByText("2 selected").waitFor();
    await page.getByRole("toolbar").getByRole("button", { name: "Stop", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Stop 2 workloads?" });
    for (const part of ["Money", "Data", "Time", "many-a", "many-b"])
      await dialog.getByText(part, { exact: true }).waitFor();
    await dialog.getByRole("button", { name: "Stop", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByText("None of your workloads is of this kind.").waitFor({ timeout: 60_000 });
    await Promise.all(jobs.map(({ running }) => running.ended));
    await page.getByLabel("Which").selectOption("cancelled");
    await page.waitForURL("**show=cancelled**");
    await page.reload();
    await settled(page);
    await page.getByText("many-a").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download as CSV" }).click(),
    ]);
    const csv = await readFile(await download.path(), "utf8");
    expect(csv).toContain("many-a");
    expect(csv).not.toContain("leaving");
  });
});
