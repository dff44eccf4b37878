import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clear, newPlace, startMarket } from "../support/market.ts";
import { launch, openPage, WIDTHS } from "./browser.ts";
import { SCREEN_PATHS } from "./screens.ts";
import { GALLERY_PATHS, serveGallery } from "./site.ts";

/**
 * Pictures of every screen, and of every page of the gallery, in both themes, wide and on a phone, against a market of
 * its own. Usage: npm run screenshots [-- FOLDER [PART-OF-A-PATH]]; COREPOOL_ORIGIN=http://localhost:8080 looks at a market
 * that runs.
 */
const [folder = fileURLToPath(new URL("../../.cache/screenshots", import.meta.url)), part = ""] = process.argv.slice(2);
const given = process.env["COREPOOL_ORIGIN"];
const place = given === undefined ? await newPlace() : undefined;
const market = place === undefined ? undefined : await startMarket(place);
const origin = given ?? `http://localhost:${place?.ports.api}`;
const browser = await launch();
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
let wrong = 0;
try {
  for (const path of [...SCREEN_PATHS, ...GALLERY_PATHS].filter((each) => each.includes(part)))
    for (const theme of ["light", "dark"] as const)
      for (const [width, language] of [
        ["wide", "en"],
        ["phone", "ko"],
      ] as const) {
        const prepare = GALLERY_PATHS.some((each) => each === path)
          ? { prepare: (context: Parameters<typeof serveGallery>[0]) => serveGallery(context, origin) }
          : {};
        const opened = await openPage(browser, { origin, path, theme, width, language, ...prepare });
        const name = `${path.slice(1).replaceAll("/", "-")}-${theme}-${WIDTHS[width]}.png`;
        await opened.page.screenshot({ path: join(folder, name) });
        for (const problem of opened.problems) console.error(`${name}: ${problem}`);
        wrong += opened.problems.length;
        await opened.close();
      }
} finally {
  await browser.close();
  if (market !== undefined && place !== undefined) {
    await market.stop();
    await clear(place);
  }
}
console.log(`${folder}${wrong === 0 ? "" : `, with ${wrong} problems`}`);
process.exitCode = wrong === 0 ? 0 : 1;
