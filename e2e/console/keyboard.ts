import type { Locator, Page } from "playwright-core";

/** More than any page of the console has to pass through. */
const MOST_STOPS = 200;

/** Tabs on until the target has the focus, and can be seen to have it. Rejects when it is never reached. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let stops = 0; stops < MOST_STOPS; stops++) {
    const state = await target.evaluate((element) => {
      if (element !== document.activeElement) return "elsewhere";
      // A control may be drawn by its label.
      const drawn = [element, element.closest("label")].some(
        (each) => each !== null && getComputedStyle(each).outlineStyle !== "none",
      );
      return drawn ? "seen" : "unseen";
    });
    if (state === "seen") return;
    if (state === "unseen") throw new Error(`${String(target)} has the focus, and nothing shows it`);
    await page.keyboard.press("Tab");
  }
  throw new Error(`${String(target)} cannot be reached by the Tab key`);
}

/** Tabs to a control and presses it. */
export async function pressOn(page: Page, target: Locator, key = "Enter"): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press(key);
}
