import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { clear, newPlace, type Place, type RunningMarket, startMarket } from "../support/market.ts";
import {
  axe,
  type Language,
  launch,
  type OpenOptions,
  type OpenPage,
  openPage,
  overflows,
  settled,
  type Theme,
  WIDTHS,
  type Width,
} from "./browser.ts";
import { SCREEN_PATHS } from "./screens.ts";
import { GALLERY_PATHS, serveGallery } from "./site.ts";
import { addPasskeys, announceWallet, type WalletBehaviour } from "./wallet.ts";

/** In how many of its twelve views each screen is looked at: `COREPOOL_EVERY_VIEW=1` for all. */
const EVERY_VIEW = process.env["COREPOOL_EVERY_VIEW"] === "1";

/**
 * Half of the views, so chosen that each width meets each theme and each language, and each theme each language: what
 * goes wrong for a pair of them is found. A kit of the gallery, which every screen shows too, is looked at in two.
 */
function viewsOf(path: string, language: Language): readonly (readonly [Width, Theme])[] {
  const all = (["phone", "tablet", "wide"] as const).flatMap((width) => [
    [width, "light"] as const,
    [width, "dark"] as const,
  ]);
  const half = all.filter(([width, theme]) => ((theme === "light") === (width === "phone")) === (language === "en"));
  return EVERY_VIEW ? all : path.startsWith("/_gallery/") ? half.slice(0, 1) : half;
}

describe("the console, in a browser, on a real market", () => {
  let place: Place;
  let market: RunningMarket;
  let browser: Browser;
  let origin: string;
  let opened: OpenPage | undefined;

  beforeAll(async () => {
    place = await newPlace();
    [market, browser] = await Promise.all([startMarket(place), launch()]);
    origin = `http://localhost:${place.ports.api}`;
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
    const gallery = path.startsWith("/_gallery")
      ? { prepare: (context: Parameters<typeof serveGallery>[0]) => serveGallery(context, origin) }
      : {};
    opened = await openPage(browser, { origin, path, ...gallery, ...options });
    return opened.page;
  };

  describe("every screen", () => {
    it.each([...SCREEN_PATHS, ...GALLERY_PATHS])("%s has nothing that axe minds, and fits its window", async (path) => {
      const found: string[] = [];
      // A language needs a page of its own; themes and widths change under a page, as they do for a person.
      for (const language of ["en", "ko"] as const) {
        const page = await open(path, { language });
        for (const [width, theme] of viewsOf(path, language)) {
          await page.setViewportSize({ width: WIDTHS[width], height: 900 });
          await page.emulateMedia({ colorScheme: theme });
          await settled(page);
          const wrong = [...(await axe(page)), ...((await overflows(page)) ? ["it is wider than its window"] : [])];
          found.push(...wrong.map((each) => `${width} ${theme} ${language}: ${each}`));
        }
        found.push(...(opened?.problems ?? []).map((each) => `${language}: ${each}`));
        await opened?.close();
        opened = undefined;
      }
      expect(found).toEqual([]);
    });

    it("would be found out: axe, the policy, the console and third parties are listened to", async () => {
      const page = await open("/settings");
      await page
        .evaluate(() => {
          console.error("said on purpose");
          const image = document.createElement("img");
          image.src = "https://third.example/pixel.png";
          document.querySelector("main")?.append(image);
          const script = document.createElement("script");
          script.textContent = "1";
          document.head.append(script);
        })
        .catch(() => undefined);
      expect((await axe(page)).join()).toContain("image-alt");
      const said = opened?.problems.join("\n") ?? "";
      for (const part of ["policy: img-src", "said on purpose"]) expect(said).toContain(part);
      await opened?.close();
      opened = undefined;
    });
  });

  describe("the shell", () => {
    it("goes anywhere by the keyboard, and tells where it is", async () => {
      const page = await open("/market");
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the content");
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: "Go to, search, run" }).fill("sett");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/settings");
      await page.waitForFunction(() => document.title === "Settings · Corepool");
      // The focus follows once the screen is there, which may be after its title.
      await page.waitForFunction(() => document.activeElement?.textContent === "Settings");
      await page.keyboard.press("g");
      await page.keyboard.press("m");
      await page.waitForURL("**/market");
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
      expect(await axe(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    });

    it("keeps theme, density and language over a reload, from the first paint on", async () => {
      const page = await open("/settings");
      await page.getByText("Dark", { exact: true }).click();
      await page.getByText("Compact", { exact: true }).click();
      await page.getByText("한국어").click();
      await page.getByRole("heading", { name: "설정", level: 1 }).waitFor();
      await page.reload({ waitUntil: "commit" });
      await page.waitForFunction(() => document.documentElement.dataset["theme"] === "dark");
      await settled(page);
      expect(
        await page.evaluate(() => [
          document.documentElement.lang,
          document.documentElement.dataset["density"],
          getComputedStyle(document.body).color,
        ]),
      ).toEqual(["ko", "compact", "rgb(232, 235, 238)"]);
    });

    it("says what a problem means and what to do in the language that is spoken, and what the coordinator says of it", async () => {
      const page = await open("/new?offer=ofr_none", { language: "ko" });
      const failure = page.getByRole("main").getByRole("alert");
      await failure.getByText("요청의 형식이 올바르지 않습니다").waitFor();
      expect(await failure.locator("[lang=en]").textContent()).toContain("an id that starts with ofr_");
      expect(await failure.locator("[data-next]").textContent()).toBe("적힌 항목을 고쳐 다시 보내세요.");
    });

    it("says that it is offline, keeps what it knew, and comes back by itself", async () => {
      const page = await open("/market", { expected: /Failed to load resource/ });
      const rows = page.locator("tbody tr[data-index]");
      const before = await rows.count();
      expect(before).toBeGreaterThan(0);
      await opened?.context.setOffline(true);
      await page.getByText("This device is offline.").waitFor();
      expect(await rows.count()).toBe(before);
      await opened?.context.setOffline(false);
      await page.getByText("This device is offline.").waitFor({ state: "detached" });
    });

    it("has a page for an address that leads nowhere, and a screen that breaks breaks alone", async () => {
      for (const path of ["/market/nowhere", "/nowhere"]) {
        const page = await open(path, { expected: /status of 404/ });
        expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("There is no such page");
        await opened?.close();
      }
      const values = await open("/_gallery/values", { expected: /broke on purpose/ });
      await values.getByRole("button", { name: "Say something" }).click();
      await values.getByRole("button", { name: "Dismiss" }).click();
      await values.getByRole("button", { name: "Notices" }).click();
      await values.getByRole("dialog", { name: "Notices" }).getByText("Job finished").waitFor();
      await values.keyboard.press("Escape");
      await values.getByRole("button", { name: "Break this screen" }).click();
      await values.getByRole("alert").getByText("This screen broke on purpose.").waitFor();
      await values.getByRole("link", { name: "Settings" }).click();
      await values.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
    });
  });

  describe("the market", () => {
    it("keeps its filters, order and open row in the address", async () => {
      const page = await open("/market");
      const rows = page.locator("tbody tr[data-index]");
      const all = await rows.count();
      await page.getByLabel("CPUs, at least").fill("2");
      await page.keyboard.press("Enter");
      await page.waitForURL("**cpus=2**");
      await expect.poll(() => rows.count()).toBeLessThan(all);
      await page.getByRole("button", { name: "Price per hour" }).click();
      await page.waitForURL("**sort=price**");
      await rows.first().click();
      const inspector = page.getByRole("complementary", { name: "Offer" });
      await inspector.getByText("Terms that the provider signed").waitFor();
      const url = page.url();
      await page.reload();
      await settled(page);
      expect(page.url()).toBe(url);
      await inspector.getByText("Terms that the provider signed").waitFor();
      expect(await axe(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await inspector.waitFor({ state: "detached" });
      await page.getByLabel("At most, GP/h").fill("0.0000001");
      await page.keyboard.press("Enter");
      await page.getByText("No offer fits these filters").waitFor();
    });
  });

  describe("the table kit", () => {
    it("draws only what is in sight of ten thousand rows, and the keyboard reaches all of them", async () => {
      const page = await open("/_gallery/table");
      expect(await page.locator("tbody tr[data-index]").count()).toBeLessThan(80);
      await page.keyboard.press("j");
      await page.keyboard.press("j");
      expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset["index"])).toBe("1");
      await page.keyboard.press("x");
      await page.getByText("1 selected").waitFor();
      await page.keyboard.press("Enter");
      await page.getByText("opened row_00001").waitFor();
      await page.keyboard.press("End");
      await page.waitForFunction(() => (document.activeElement as HTMLElement).dataset["index"] === "9999");
      expect(await page.locator("tbody tr[data-index]").count()).toBeLessThan(80);
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      await page.getByText("stopped 1").waitFor();
    });

    it("finds, chooses columns, saves views and exports", async () => {
      const page = await open("/_gallery/table");
      await page.keyboard.press("/");
      await page.keyboard.type("row_00042");
      await page.waitForURL("**q=row_00042**");
      await page.getByText("1 / 10000").waitFor();
      await page.getByRole("button", { name: "Columns" }).click();
      await page.getByRole("menuitemcheckbox", { name: "Provider" }).click();
      await page.waitForURL("**cols=**");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Views" }).click();
      await page.getByRole("menuitem", { name: "Save this view" }).click();
      await page.getByLabel("Name").fill("Just one");
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await opened?.go("/_gallery/table");
      await page.getByRole("button", { name: "Views" }).click();
      await page.getByRole("menuitem", { name: "Just one", exact: true }).click();
      await page.getByText("1 / 10000").waitFor();
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Download as CSV" }).click(),
      ]);
      const csv = await readFile(await download.path(), "utf8");
      expect(csv.split("\r\n")).toHaveLength(3);
      expect(csv).toContain("row_00042");
    });

    it("has a face for each state of its list", async () => {
      const page = await open("/_gallery/table?rows=0");
      await page.getByText("Nothing here yet").waitFor();
      await opened?.go("/_gallery/table?state=failed");
      await page.getByRole("alert").getByText("The coordinator did not answer.").waitFor();
      await opened?.go("/_gallery/table?state=stale&rows=5");
      await page.getByText("Not renewed for").waitFor();
      expect(await page.locator("tbody tr[data-index]").count()).toBe(5);
    });
  });

  describe("the form kit", () => {
    it("says at each field what is wrong with it, the coordinator's word too", async () => {
      const page = await open("/_gallery/form");
      await page.getByRole("button", { name: "Send" }).click();
      await expect.poll(() => page.getByRole("alert").count()).toBe(3);
      expect(await axe(page)).toEqual([]);
      await page.getByLabel("Name").fill("taken");
      await page.getByLabel("At most").fill("1.5");
      await page.getByLabel("read").check();
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByRole("alert").getByText("This name is taken.").waitFor();
      await page.getByLabel("Name").fill("job");
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText('"most":"1500000"').waitFor();
      await page.getByRole("button", { name: "Copy as" }).click();
      await page.getByText("corepool run --name job").waitFor();
    });

    it.each([
      ["rejected", "It was refused, and nothing was signed."],
      ["wrong-chain", "The wallet is on another chain."],
      ["dropped", "The transaction has not been taken into a block."],
      ["no-funds", "There is not enough of the token."],
    ])("has words and a next step for a signature that fails: %s", async (kind, words) => {
      const page = await open("/_gallery/form");
      await page.getByText(kind, { exact: true }).click();
      await page.getByRole("button", { name: "Stop the job" }).click();
      const dialog = page.getByRole("dialog", { name: "Stop the job?" });
      for (const part of ["Money", "Data", "Time"]) await dialog.getByText(part, { exact: true }).waitFor();
      await dialog.getByRole("button", { name: "Stop", exact: true }).click();
      await dialog.getByText(words).waitFor();
    });
  });

  describe("an identity", () => {
    const privateKey = generatePrivateKey();
    let behaviour: WalletBehaviour;
    const withWallet = async (path: string): Promise<Page> => {
      const { rpcUrl } = await market.file();
      const { chainId } = (await (await fetch(`${origin}/v1/market`)).json()) as { readonly chainId: number };
      return open(path, {
        prepare: async (context) => {
          behaviour = await announceWallet(context as never, { privateKey, rpcUrl, chainId });
        },
      });
    };

    it("signs in with a wallet that announces itself, after one that refused, and makes and revokes an API key", async () => {
      const page = await withWallet("/settings");
      behaviour.reject = true;
      await page.getByRole("banner").getByRole("button", { name: "Sign in" }).click();
      const dialog = page.getByRole("dialog", { name: "Sign in" });
      await dialog.getByRole("button", { name: "Test wallet" }).click();
      await dialog.getByText("It was refused, and nothing was signed.").waitFor();
      expect(await axe(page)).toEqual([]);
      behaviour.reject = false;
      await dialog.getByRole("button", { name: "Test wallet" }).click();
      await dialog.waitFor({ state: "detached" });
      await page.getByTitle("Live", { exact: true }).waitFor();
      await page.getByRole("button", { name: "New key" }).click();
      await page.getByRole("button", { name: "Make the key" }).click();
      await page.getByText("This is needed.").waitFor();
      await page.getByLabel("Name").fill("ci");
      await page.getByLabel("Spending cap").fill("12.5");
      await page.getByRole("button", { name: "Make the key" }).click();
      const secret = (await page.locator("[data-secret]").textContent()) ?? "";
      const { status } = await fetch(`${origin}/v1/workloads`, { headers: { authorization: `Bearer ${secret}` } });
      expect(status).toBe(200);
      await page.getByRole("button", { name: "I have kept it" }).click();
      await page.getByText("12.5").waitFor();
      await page.reload();
      await settled(page);
      await page.getByRole("button", { name: "Revoke" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
      await page.getByText("Revoked").waitFor();
      expect((await fetch(`${origin}/v1/workloads`, { headers: { authorization: `Bearer ${secret}` } })).status).toBe(
        401,
      );
    });

    it.each([
      ["a passkey that locks the key itself", true],
      ["a passkey that cannot, so that the browser asks for it", false],
    ])("without a wallet: %s, opened again after it was left, with a copy that other wallets read", async (_, prf) => {
      const page = await open("/settings");
      await addPasskeys(page, prf);
      await page.getByRole("banner").getByRole("button", { name: "Sign in" }).click();
      await page.getByText("This browser, with a passkey").click();
      await page.getByRole("button", { name: "Make a key with a passkey" }).click();
      if (!prf) {
        // Declined, nothing is kept; asked again, it is made all the same.
        await page.getByRole("button", { name: "Make no key" }).click();
        await page.locator('[data-failure="rejected"]').waitFor();
        expect(await page.getByRole("button", { name: "Open" }).count()).toBe(0);
        await page.getByRole("button", { name: "Make a key with a passkey" }).click();
        expect(await axe(page)).toEqual([]);
        await page.getByRole("button", { name: "Keep it so" }).click();
      }
      await page.getByRole("dialog").waitFor({ state: "detached" });
      const account = page.getByRole("banner").getByRole("button", { name: "Your account" });
      await account.click();
      const dialog = page.getByRole("dialog", { name: "Your account" });
      await dialog
        .getByText(prf ? "The passkey itself locks the key" : "Your passkey cannot lock the key itself")
        .waitFor();
      expect(await axe(page)).toEqual([]);
      await dialog.getByLabel("Passphrase").fill("correct horse battery");
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        dialog.getByRole("button", { name: "Save the file" }).click(),
      ]);
      const keystore = await readFile(await download.path(), "utf8");
      const address = await dialog
        .getByTitle(/^0x[0-9a-fA-F]{40}$/)
        .first()
        .textContent();
      expect(`0x${(JSON.parse(keystore) as { readonly address: string }).address}`).toBe(address?.toLowerCase());
      await dialog.getByText("Copied before").waitFor();
      await dialog.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("banner").getByRole("button", { name: "Sign in" }).click();
      await page.getByText("This browser, with a passkey").click();
      await page.getByRole("button", { name: "Open" }).click();
      await account.waitFor();
      // Nothing of the key is where a script of another page, or a reader of the disk, would look.
      const kept = await page.evaluate(() =>
        JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]),
      );
      expect(kept).not.toMatch(/[0-9a-f]{64}(?![0-9a-f])/i);
      expect(privateKeyToAccount(privateKey).address).not.toBe(address);
    });

    it("sends a page that was opened by a loopback address to its name, where passkeys and the chain are in reach", async () => {
      const address = origin.replace("localhost", "127.0.0.1");
      opened = await openPage(browser, { origin: address, path: "/settings", besides: [origin] });
      expect(opened.page.url()).toBe(`${origin}/settings`);
    });
  });
});
