import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { listMachines } from "@corepool/protocol/routes/market";
import type { Browser } from "playwright-core";
import type { Hex } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { clear, newPlace, type Place, type RunningMarket, resultOf, startMarket } from "../support/market.ts";
import { launch, type OpenPage, openPage, settled } from "./browser.ts";
import { illegible, unseenStops } from "./legible.ts";
import { SCREEN_PATHS } from "./screens.ts";
import { signedIn } from "./signed-in.ts";

/** A window of 1280 by 1024 pixels, and what is left of it at 400 % (WCAG 2.2, 1.4.10). */
const WINDOW = { width: 1_280, height: 1_024 };
const ZOOMED = { width: WINDOW.width / 4, height: WINDOW.height / 4 };

describe("the console in forced colours and at 400 %", () => {
  let place: Place;
  let market: RunningMarket;
  let browser: Browser;
  let opened: OpenPage;
  /** Paths with an id, by the screen that they open. */
  const withId = new Map<string, string>();

  beforeAll(async () => {
    place = await newPlace();
    [market, browser] = await Promise.all([startMarket(place), launch()]);
    const { url, rpcUrl } = await market.file();
    const { data } = (await (await fetch(`${url}${listMachines.path}`)).json()) as { data: { id: string }[] };
    const ran = resultOf((await market.command("run", "--time", "2m", "--", "true")).said);
    withId.set("machine", `/provider/m/${data[0]?.id}`);
    withId.set("workload", `/w/${ran.workload.id}`);
    withId.set("log", `/w/${ran.workload.id}?tab=logs`);
    const key = (await readFile(join(place.home, "keys", "client"), "utf8")).trim() as Hex;
    opened = await openPage(browser, {
      origin: `http://localhost:${place.ports.api}`,
      path: "/settings",
      besides: [rpcUrl],
      prepare: await signedIn(url, key),
    });
  });
  afterEach(() => {
    expect(opened.problems).toEqual([]);
  });
  afterAll(async () => {
    await opened?.close();
    await browser.close();
    await market.stop();
    await clear(place);
  });

  it.each([...SCREEN_PATHS, "machine", "workload", "log"])("%s can be read, and the focus seen", async (path) => {
    const { page } = opened;
    await page.setViewportSize(WINDOW);
    await opened.go(withId.get(path) ?? path);
    await page.emulateMedia({ forcedColors: "active" });
    const forced = await illegible(page);
    await page.emulateMedia({ forcedColors: "none" });
    await page.setViewportSize(ZOOMED);
    await settled(page);
    const zoomed = await illegible(page);
    expect({ forced, zoomed }).toEqual({ forced: [], zoomed: [] });
  });

  it("shows the focus in what stands around every screen", async () => {
    const { page } = opened;
    await page.setViewportSize(WINDOW);
    await page.emulateMedia({ forcedColors: "active" });
    expect(await unseenStops(page, "page")).toEqual([]);
    await page.emulateMedia({ forcedColors: "none" });
    await page.setViewportSize(ZOOMED);
    expect(await unseenStops(page, "page")).toEqual([]);
  });

  it("is found out where it is not: what is wide, covered, hidden, or focused unseen", async () => {
    const { page } = opened;
    await page.setViewportSize(ZOOMED);
    await opened.go("/settings");
    expect(await illegible(page)).toEqual([]);
    await page.evaluate(() => {
      const wide = document.createElement("p");
      wide.textContent = "a line that does not wrap";
      wide.style.cssText = "width: 900px; white-space: nowrap; text-align: right";
      document.querySelector("main")?.append(wide);
      const bar = document.createElement("div");
      bar.style.cssText = "position: fixed; inset: 0; background: Canvas; z-index: 99";
      document.body.append(bar);
    });
    const found = (await illegible(page)).join("\n");
    for (const part of ["wider than its window", "0 % of the window", "out of the window: p", "lies over the focus"])
      expect(found).toContain(part);
    await opened.go("/settings");
    await page.evaluate(() => document.styleSheets[0]?.insertRule("* { outline: none !important }"));
    expect((await illegible(page)).join("\n")).toContain("nothing shows the focus");
  });
});
