import { existsSync, readdirSync } from "node:fs";
import { CONSOLE_PATHS } from "@corepool/protocol/console-paths";
import { describe, expect, it } from "vitest";
import type { Screen } from "./screen.ts";

const folder = new URL("../screens/", import.meta.url);
const names = readdirSync(folder, { withFileTypes: true })
  .filter((each) => each.isDirectory())
  .map((each) => each.name);
const screens = await Promise.all(
  names.map(async (name) => ({
    name,
    screen: ((await import(new URL(`${name}/screen.ts`, folder).href)) as { readonly default: Screen }).default,
  })),
);
const twice = (values: readonly (string | undefined)[]) =>
  values.filter((value, index) => value !== undefined && values.indexOf(value) !== index);

describe("the screens", () => {
  it("are found", () => expect(names).toEqual(expect.arrayContaining(["market", "settings"])));

  it("have paths that the coordinator answers with the console's page", () => {
    const lost = screens.filter(({ screen }) => !CONSOLE_PATHS.includes(screen.path.split("/")[1] ?? ""));
    expect(lost.map(({ name }) => name)).toEqual([]);
  });

  it("have a path, a letter and a place in the navigation of their own", () => {
    expect(twice(screens.map(({ screen }) => screen.path))).toEqual([]);
    expect(twice(screens.map(({ screen }) => screen.goKey))).toEqual([]);
    expect(
      twice(screens.map(({ screen }) => (screen.nav === undefined ? undefined : String(screen.nav.order)))),
    ).toEqual([]);
    expect(screens.filter(({ screen }) => screen.nav?.phone === true).length).toBeLessThanOrEqual(4);
  });

  it("have a page beside their declaration", () => {
    for (const name of names) expect(existsSync(new URL(`${name}/page.tsx`, folder)), name).toBe(true);
  });

  it("have a title in every language, and open from any address", () => {
    for (const { screen } of screens) {
      for (const words of Object.values(screen.title)) expect(words.trim()).not.toBe("");
      const wrong = {
        sort: 1,
        q: {},
        cols: [],
        open: 5,
        gpu: [],
        cpus: "many",
        max: "-1",
        free: 7,
        tab: {},
        state: 0,
        anything: "else",
      };
      if (screen.search !== undefined) expect(screen.search.safeParse(wrong).success).toBe(true);
    }
  });
});
