import type { WorkloadView } from "@corepool/protocol/resources";
import type { Browser, Page } from "playwright-core";
import { generatePrivateKey } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCommand } from "../support/command-line.ts";
import { clear, freePorts, newPlace, type Place, type RunningMarket, startMarket } from "../support/market.ts";
import { axe, launch, launchPlain, type OpenOptions, type OpenPage, openPage, settled } from "./browser.ts";
import { pressOn } from "./keyboard.ts";
import { addPasskeys, announceWallet, type WalletBehaviour } from "./wallet.ts";

/** A job of the CPU example takes some seconds here; a lease closes some blocks after it. */
const JOB_MS = 90_000;

/** How long a job takes that is paid from a hidden tab, in seconds. */
const HIDDEN_S = 40;

/** A probe that meets the very end of its job is not answered; the watch goes on to its last note. */
const PROBED_LATE = /status of (409|504)|^answer: 504 .*\/probes$/;

describe("renting in the browser", () => {
  let place: Place;
  let market: RunningMarket;
  let browser: Browser;
  let origin: string;
  let rpcUrl: string;
  let opened: OpenPage | undefined;

  beforeAll(async () => {
    place = await newPlace();
    [market, browser] = await Promise.all([startMarket(place), launch()]);
    origin = `http://localhost:${place.ports.api}`;
    ({ rpcUrl } = await market.file());
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
      besides: [new URL(rpcUrl).origin],
      expected: PROBED_LATE,
      ...options,
    });
    return opened.page;
  };
  /** A key in this browser, behind a passkey of Chromium's virtual authenticator, by the keyboard alone. */
  const withKey = async (page: Page): Promise<void> => {
    await addPasskeys(page, true);
    await pressOn(page, page.getByRole("banner").getByRole("button", { name: "Sign in" }));
    await pressOn(page, page.getByRole("radio", { name: "My wallet" }), "ArrowRight");
    await pressOn(page, page.getByRole("button", { name: "Make a key with a passkey" }));
    await page.getByRole("dialog").waitFor({ state: "detached" });
  };
  /** Asks the API with the token of the page's tab. */
  const workloads = async (page: Page): Promise<readonly WorkloadView[]> => {
    const kept = await page.evaluate(() => sessionStorage.getItem("corepool.identity"));
    const { token } = JSON.parse(kept ?? "{}") as { readonly token?: string };
    const response = await fetch(`${origin}/v1/workloads`, { headers: { authorization: `Bearer ${token}` } });
    return ((await response.json()) as { readonly data: readonly WorkloadView[] }).data;
  };
  const stepState = (page: Page, name: string) => page.locator(`[data-step="${name}"]`).getAttribute("data-state");

  it("leads a newcomer without a wallet from nothing to a checked receipt, by the keyboard alone, over a reload of the tab", async () => {
    const page = await open("/market");
    await withKey(page);
    await page.waitForURL("**/start");
    await expect.poll(() => stepState(page, "funds")).toBe("next");
    expect(await axe(page)).toEqual([]);
    await pressOn(page, page.getByRole("button", { name: "Get test funds" }));
    const look = page.getByRole("link", { name: "Look it over and run it" });
    await look.waitFor({ timeout: 60_000 });
    await pressOn(page, look);
    await page.waitForURL("**/new?example=digits");
    await page.getByText(/offers? fits?$/).waitFor();
    expect(await page.getByLabel("Command").inputValue()).toBe("python3 train.py digits.csv");
    expect(await axe(page)).toEqual([]);
    await pressOn(page, page.getByRole("button", { name: "Run it" }));
    const dialog = page.getByRole("dialog", { name: "Run this job" });
    await dialog.getByText("goes into escrow: the most that it can cost").waitFor();
    await dialog.getByText("is deposited from your wallet first").waitFor();
    expect(await axe(page)).toEqual([]);
    await pressOn(page, dialog.getByRole("button", { name: "Sign and run" }));
    await page.waitForURL("**/w/wkl_*", { timeout: 60_000 });
    await page.locator('[data-watch="info"]').getByText("This tab pays for").waitFor();

    // The key of the lease outlives the page: after a reload the same tab goes on paying, asked by nobody.
    page.on("dialog", (asked) => void asked.accept());
    await page.goto(`${origin}/start`);
    await settled(page);
    const bar = page.locator("[data-watch]");
    const digits = page.locator('[data-step="digits"]');
    await Promise.race([bar.waitFor(), digits.getByText("Succeeded").waitFor()]);
    await expect.poll(() => stepState(page, "digits"), { timeout: JOB_MS }).toBe("done");
    await expect.poll(() => bar.count(), { timeout: 30_000 }).toBe(0);

    await pressOn(page, page.getByRole("button", { name: "Open the result" }));
    await page.locator("[data-result]").getByText("of 450 digits that it had not seen").waitFor();
    await pressOn(page, page.getByRole("button", { name: "Check the receipt" }));
    await page.locator("[data-receipt]").getByText("The chain says the same").waitFor({ timeout: 40_000 });
    expect(await axe(page)).toEqual([]);
    await page.reload();
    await settled(page);
    for (const name of ["sign-in", "funds", "digits", "result", "receipt"])
      await expect.poll(() => stepState(page, name)).toBe("done");
    const [job] = await workloads(page);
    expect(job?.state).toBe("succeeded");
    expect(job?.lease?.closeTx).toMatch(/^0x/);
    expect(BigInt(job?.lease?.refund ?? 0)).toBeGreaterThan(0n);
  });

  describe("with a wallet", () => {
    let behaviour: WalletBehaviour;
    const withWallet = async (path: string): Promise<Page> => {
      const { chainId } = (await (await fetch(`${origin}/v1/market`)).json()) as { readonly chainId: number };
      const prepare = async (context: unknown): Promise<void> => {
        behaviour = await announceWallet(context as never, { privateKey: generatePrivateKey(), rpcUrl, chainId });
      };
      const page = await open(path, { prepare, expected: PROBED_LATE });
      await page.getByRole("button", { name: "Sign in to run it" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Test wallet" }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      return page;
    };

    it("says why it cannot be paid, gets test funds, takes a refused signature, and runs at the next try", async () => {
      const page = await withWallet("/new");
      await page.getByLabel("Command").fill(`python3 -c "print(6*7)"`);
      await page.getByLabel("Longest run").fill("2m");
      await page.getByRole("button", { name: "Run it" }).click();
      const dialog = page.getByRole("dialog", { name: "Run this job" });
      await dialog.locator('[data-failure="no-funds"]').waitFor();
      expect(await dialog.getByRole("button", { name: "Sign and run" }).isDisabled()).toBe(true);
      await dialog.getByRole("button", { name: "Get test funds" }).click();
      await dialog.locator('[data-failure="no-funds"]').waitFor({ state: "detached", timeout: 60_000 });
      behaviour.reject = true;
      await dialog.getByRole("button", { name: "Sign and run" }).click();
      await dialog.getByText("It was refused, and nothing was signed.").waitFor({ timeout: 30_000 });
      expect(await axe(page)).toEqual([]);
      expect((await workloads(page)).map(({ state }) => state)).toEqual(["pending"]);
      behaviour.reject = false;
      // On another chain the wallet is turned to the market's before it signs.
      behaviour.chainId = 1;
      await dialog.getByRole("button", { name: "Try again" }).click();
      await page.waitForURL("**/w/wkl_*", { timeout: 60_000 });
      await expect.poll(async () => (await workloads(page))[0]?.state, { timeout: JOB_MS }).toBe("succeeded");
      // The refused try left nothing behind: it was the same workload.
      expect(await workloads(page)).toHaveLength(1);
    });

    it("hands a job from tab to tab, and from there to a program, which pays it to its end", async () => {
      const first = await withWallet("/new");
      // Long enough for three hand-overs on a busy machine.
      await first.getByLabel("Command").fill(`python3 -c "import time; time.sleep(45); print(6*7)"`);
      await first.getByLabel("Longest run").fill("5m");
      await first.getByRole("button", { name: "Run it" }).click();
      const dialog = first.getByRole("dialog", { name: "Run this job" });
      await dialog.getByRole("button", { name: "Get test funds" }).click();
      await dialog.locator('[data-failure="no-funds"]').waitFor({ state: "detached", timeout: 60_000 });
      await dialog.getByRole("button", { name: "Sign and run" }).click();
      await first.waitForURL("**/w/wkl_*", { timeout: 60_000 });
      await first.locator('[data-watch="info"]').waitFor();

      const second = await first.context().newPage();
      await second.goto(`${origin}/w`);
      await second.getByText("is not paid, because its owner is not signed in here").waitFor();
      await second.getByRole("banner").getByRole("button", { name: "Sign in" }).click();
      await second.getByRole("dialog").getByRole("button", { name: "Test wallet" }).click();
      await second.getByRole("dialog").waitFor({ state: "detached" });
      // The first tab pays: this one has nothing to say of it.
      await second.locator("[data-watch]").waitFor({ state: "detached" });
      await first.close();
      await second.locator('[data-watch="info"]').getByText("This tab pays for").waitFor();

      await second.getByRole("button", { name: "Before you close it" }).click();
      const [download] = await Promise.all([
        second.waitForEvent("download"),
        second.getByRole("button", { name: "Save its watch file" }).click(),
      ]);
      const command = (await second.getByText(/^COREPOOL_API_KEY=/).textContent()) ?? "";
      const [, key = "", id = "", url = ""] =
        /^COREPOOL_API_KEY=(\S+) corepool watch (wkl_\S+) --take \2\.json --url (\S+)$/.exec(command) ?? [];
      const [job] = await workloads(second);
      expect(id).toBe(job?.id);
      const watch = startCommand(["watch", id, "--json", "--take", await download.path(), "--url", url], {
        env: { ...place.env, COREPOOL_API_KEY: key },
      });
      await watch.until("a payment note", (line) => line.type === "note");
      await second.close({ runBeforeUnload: false });
      expect(await watch.ended, watch.stderr()).toBe(0);
      expect(watch.said.at(-1)).toMatchObject({ workload: { id, state: "succeeded" } });
    });

    it("lets the operator pay under a mandate for just that escrow, and the tab be closed", async () => {
      const page = await withWallet("/new");
      await page.getByLabel("Command").fill(`python3 -c "print(6*7)"`);
      await page.getByLabel("Longest run").fill("2m");
      await page.getByRole("button", { name: "Run it" }).click();
      const dialog = page.getByRole("dialog", { name: "Run this job" });
      await dialog.getByRole("button", { name: "Get test funds" }).click();
      await dialog.locator('[data-failure="no-funds"]').waitFor({ state: "detached", timeout: 60_000 });
      await dialog.getByText("The operator, under a mandate").click();
      await dialog.getByText("a dishonest operator could waste all of it").waitFor();
      await dialog.getByRole("button", { name: "Sign and run" }).click();
      await page.waitForURL("**/w/wkl_*", { timeout: 60_000 });
      // Nobody here pays: nothing hangs on the tab.
      expect(await page.locator("[data-watch]").count()).toBe(0);
      await expect.poll(async () => (await workloads(page))[0]?.state, { timeout: JOB_MS }).toBe("succeeded");
      await page.goto(`${origin}/billing?part=mandates`);
      await page.locator("[data-mandate]").getByText("Granted").waitFor();
    });

    it("takes a placed job back when it is not signed after all", async () => {
      const page = await withWallet("/new");
      await page.getByLabel("Command").fill("true");
      await page.getByRole("button", { name: "Run it" }).click();
      const dialog = page.getByRole("dialog", { name: "Run this job" });
      await dialog.getByRole("button", { name: "Get test funds" }).click();
      await dialog.locator('[data-failure="no-funds"]').waitFor({ state: "detached", timeout: 60_000 });
      behaviour.reject = true;
      await dialog.getByRole("button", { name: "Sign and run" }).click();
      await dialog.getByText("It was refused, and nothing was signed.").waitFor({ timeout: 30_000 });
      await dialog.getByRole("button", { name: "Cancel" }).click();
      await expect.poll(async () => (await workloads(page)).map(({ state }) => state)).toEqual(["cancelled"]);
    });
  });

  it("goes on paying while its tab is hidden and the page's own timers are slowed down", async () => {
    const [port = 0] = await freePorts(1);
    const plain = await launchPlain(port);
    try {
      const [context] = plain.contexts();
      if (context === undefined) throw new Error("The browser has no context.");
      const { chainId } = (await (await fetch(`${origin}/v1/market`)).json()) as { readonly chainId: number };
      await announceWallet(context as never, { privateKey: generatePrivateKey(), rpcUrl, chainId });
      const page = await context.newPage();
      await page.goto(`${origin}/new`);
      await settled(page);
      await page.getByRole("button", { name: "Sign in to run it" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Test wallet" }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.getByLabel("Command").fill(`python3 -c "import time; time.sleep(${HIDDEN_S}); print(6*7)"`);
      await page.getByLabel("Longest run").fill("5m");
      await page.getByRole("button", { name: "Run it" }).click();
      const dialog = page.getByRole("dialog", { name: "Run this job" });
      await dialog.getByRole("button", { name: "Get test funds" }).click();
      await dialog.locator('[data-failure="no-funds"]').waitFor({ state: "detached", timeout: 60_000 });
      await dialog.getByRole("button", { name: "Sign and run" }).click();
      await page.waitForURL("**/w/wkl_*", { timeout: 60_000 });
      await page.locator('[data-watch="info"]').getByText("This tab pays for").waitFor();

      const other = await context.newPage();
      await other.bringToFront();
      await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe("hidden");
      const ticks = await page.evaluate(async () => {
        let count = 0;
        const timer = setInterval(() => count++, 50);
        const until = performance.now() + 4_000;
        while (performance.now() < until) await fetch("/icon.svg");
        clearInterval(timer);
        return count;
      });
      // Eighty in a tab that is looked at.
      expect(ticks).toBeLessThanOrEqual(8);
      // Notes go on, for longer than any provider works without one.
      const paid = async () => BigInt((await workloads(page))[0]?.lease?.noteTotal ?? 0);
      const before = await paid();
      await expect.poll(paid, { timeout: JOB_MS }).toBeGreaterThan(before);
      await expect.poll(async () => (await workloads(page))[0]?.state, { timeout: JOB_MS }).toBe("succeeded");
      const [job] = await workloads(page);
      expect(job?.attempts).toHaveLength(1);
      expect(await page.evaluate(() => document.visibilityState)).toBe("hidden");
    } finally {
      await plain.close();
    }
  });

  it("says why nobody can run a job, and its relaxation, pressed once, finds somebody", async () => {
    const page = await open("/new");
    await page.getByLabel("Command").fill("true");
    await page.getByText(/offers? fits?$/).waitFor();
    await page.getByLabel("CPUs", { exact: true }).fill("512");
    await page.getByText("Nobody can run it as it stands").waitFor();
    const why = page.locator('[data-refused="cpus"]');
    await why.getByText("Too few CPUs").waitFor();
    await why.getByText("512").waitFor();
    expect(await page.locator("[data-cost]").getByText("–").count()).toBe(4);
    expect(await axe(page)).toEqual([]);
    await page.locator('[data-relax="cpus"]').click();
    await page.getByText(/offers? fits?$/).waitFor();
    expect(Number(await page.getByLabel("CPUs", { exact: true }).inputValue())).toBeLessThan(512);
    expect(await page.locator("[data-cost]").getByText("–").count()).toBe(0);
    // A price that nobody takes, in words of money.
    await page.getByLabel("Highest price").fill("0.000001");
    await page.locator('[data-relax="price"]').click();
    await page.getByText(/offers? fits?$/).waitFor();
  });

  it("pins an offer of the market by its address, and lets go of it", async () => {
    const page = await open("/market");
    await page.locator("tbody tr[data-index]").first().click();
    await page.getByRole("link", { name: "Rent this" }).click();
    await page.waitForURL("**/new?offer=ofr_*");
    await page.locator("[data-pinned]").getByText("Only from these providers").waitFor();
    await page.getByLabel("Command").fill("true");
    await page.getByText(/offers? fits?$/).waitFor();
    await page.getByRole("button", { name: "Copy as" }).click();
    await page.getByRole("dialog").getByText("runWorkload").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Any provider" }).click();
    await expect.poll(() => page.url()).toBe(`${origin}/new`);
    expect(await page.getByLabel("Command").inputValue()).toBe("true");
  });
});
