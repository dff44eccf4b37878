import type { Page } from "playwright-core";

/** Stops of the Tab key that are looked at. */
const STOPS = 12;
/** The part of the window that the content has at least, where it is scrolled to. */
const LEAST_SHARE = 0.4;

/** What keeps the content of a page from being read in the window as it is, a line for each; empty when nothing does. */
function unreadable(page: Page): Promise<readonly string[]> {
  return page.evaluate((least) => {
    const main = document.querySelector("main");
    const title = document.querySelector("[data-page-title]");
    if (main === null || title === null) return ["it has no content or no title"];
    const found: string[] = [];
    const nameOf = (element: Element) =>
      `${element.tagName.toLowerCase()} "${(element.textContent ?? "").trim().slice(0, 40)}" in "${(element.parentElement?.textContent ?? "").trim().slice(0, 40)}"`;
    if (document.documentElement.scrollWidth > innerWidth) found.push("the page is wider than its window");
    if (document.documentElement.scrollHeight > innerHeight) found.push("the page scrolls beside its content");
    if (main.scrollWidth > main.clientWidth) found.push("the content is wider than its window");
    title.scrollIntoView({ block: "nearest" });
    const box = title.getBoundingClientRect();
    if (box.width < 1 || box.height < 1 || box.left < 0 || box.right > innerWidth + 1)
      found.push("its title is not in sight");
    const told = [...main.querySelectorAll("*")].filter((element) => {
      const { width, height } = element.getBoundingClientRect();
      return element.childElementCount === 0 && (element.textContent ?? "").trim() !== "" && width > 1 && height > 1;
    });
    if (told.every((element) => title.contains(element))) found.push("nothing is shown beside its title");
    // What lies over the content, as a bar that stays, takes from a small window what is to be read in it.
    title.scrollIntoView({ block: "start" });
    let seen = 0;
    const points = 20;
    for (let x = 0; x < points; x++)
      for (let y = 0; y < points; y++) {
        const at = document.elementFromPoint(((x + 0.5) * innerWidth) / points, ((y + 0.5) * innerHeight) / points);
        if (at !== null && main.contains(at)) seen++;
      }
    if (seen / points ** 2 < least)
      found.push(`only ${Math.round((100 * seen) / points ** 2)} % of the window are left to the content`);
    // What stands out of the window without a place of its own that scrolls cannot be reached at all.
    for (const element of told) {
      const { left, right } = element.getBoundingClientRect();
      if (left >= -1 && right <= innerWidth + 1) continue;
      let around: Element | null = element.parentElement;
      while (around !== null && around !== main && getComputedStyle(around).overflowX === "visible")
        around = around.parentElement;
      if (around === null || around === main) found.push(`out of the window: ${nameOf(element)}`);
    }
    return found;
  }, LEAST_SHARE);
}

/** Why it cannot be seen where the focus is; undefined when it can. */
function unseenFocus(page: Page): Promise<string | undefined> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return undefined;
    const name = `${element.tagName.toLowerCase()} "${(element.getAttribute("aria-label") ?? element.textContent ?? "").trim().slice(0, 40)}"`;
    // A control may be drawn by its label.
    const drawn = [element, element.closest("label")].some((each) => {
      if (each === null) return false;
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(each);
      const drawing = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1;
      return drawing && !/^rgba\(.*, 0\)$/.test(outlineColor);
    });
    if (!drawn) return `nothing shows the focus on ${name}`;
    const own = element.getBoundingClientRect();
    // One that its label draws is as small as can be itself.
    const box = own.width > 1 ? own : (element.closest("label") ?? element).getBoundingClientRect();
    const [left, right] = [Math.max(0, box.left), Math.min(innerWidth, box.right)];
    const [top, bottom] = [Math.max(0, box.top), Math.min(innerHeight, box.bottom)];
    if (right - left < 4 || bottom - top < 4) return `the focus is out of the window, on ${name}`;
    // Seen when any of it is: what is larger than the window, or lies behind a bar in part, is.
    for (let i = 1; i < 8; i++)
      for (let j = 1; j < 8; j++) {
        const at = document.elementFromPoint(left + ((right - left) * i) / 8, top + ((bottom - top) * j) / 8);
        if (at !== null && (element.contains(at) || at.contains(element) || element.closest("label")?.contains(at)))
          return undefined;
      }
    return `something lies over the focus, on ${name}`;
  });
}

/** Stops of the Tab key at which the focus is not seen: from the top of the page, or from the top of its content. */
export async function unseenStops(page: Page, from: "page" | "content"): Promise<readonly string[]> {
  await page.evaluate((which) => {
    (document.activeElement as HTMLElement | null)?.blur();
    if (which === "content") document.querySelector("main")?.focus();
  }, from);
  const found = new Set<string>();
  for (let stop = 0; stop < STOPS; stop++) {
    await page.keyboard.press("Tab");
    const wrong = await unseenFocus(page);
    if (wrong !== undefined) found.add(wrong);
  }
  return [...found];
}

/** What somebody misses who reads the content of the page as it is, and goes through it by the Tab key. */
export async function illegible(page: Page): Promise<readonly string[]> {
  return [...(await unreadable(page)), ...(await unseenStops(page, "content"))];
}
