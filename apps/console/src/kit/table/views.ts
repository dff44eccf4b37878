import { readKept, writeKept } from "../../app/kept-text.ts";
import type { TableSearch } from "./model.ts";

/** A view that somebody saved: a name, and what of the URL it brings back. */
export interface SavedView {
  readonly name: string;
  readonly search: Readonly<Record<string, unknown>>;
}

const keyOf = (table: string): string => `corepool.views.${table}`;
const MOST = 50;

/** Reads what was saved; whatever is damaged is left out. */
export function parseViews(text: string | null): readonly SavedView[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(list)) return [];
    return list.filter(
      (each): each is SavedView =>
        each !== null &&
        typeof each === "object" &&
        typeof each.name === "string" &&
        each.name !== "" &&
        each.search !== null &&
        typeof each.search === "object",
    );
  } catch {
    return [];
  }
}

export function savedViews(table: string): readonly SavedView[] {
  return parseViews(readKept(keyOf(table)));
}

/** Saves a view under its name, in place of one that has it. Row and selection are no part of a view. */
export function saveView(
  table: string,
  name: string,
  search: TableSearch & Readonly<Record<string, unknown>>,
): readonly SavedView[] {
  const { open: _, ...kept } = search;
  const view = { name, search: Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)) };
  const views = [...savedViews(table).filter((each) => each.name !== name), view].slice(-MOST);
  writeKept(keyOf(table), JSON.stringify(views));
  return views;
}

export function dropView(table: string, name: string): readonly SavedView[] {
  const views = savedViews(table).filter((each) => each.name !== name);
  writeKept(keyOf(table), JSON.stringify(views));
  return views;
}
