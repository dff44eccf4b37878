import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Column, nextSort, searchRows, shownColumns, sortRows, tableSearch, toCsv, windowOf } from "./model.ts";

interface Row {
  readonly name: string;
  readonly price: bigint | undefined;
}
const columns: readonly Column<Row>[] = [
  { id: "name", header: "Name", cell: (row) => row.name, value: (row) => row.name },
  { id: "price", header: "Price, base units", cell: () => null, value: (row) => row.price },
  { id: "mark", header: "Mark", cell: () => null, hidden: true },
];
const rows: readonly Row[] = [
  { name: "gpu-10", price: 2n ** 70n },
  { name: "gpu-9", price: undefined },
  { name: "CPU, small", price: 2n ** 70n - 1n },
];
const names = (list: readonly Row[]) => list.map((row) => row.name);

describe("a table's rows", () => {
  it("sort by what they are, exactly, and leave what has no value to the end both ways", () => {
    expect(names(sortRows(rows, columns, "price"))).toEqual(["CPU, small", "gpu-10", "gpu-9"]);
    expect(names(sortRows(rows, columns, "-price"))).toEqual(["gpu-10", "CPU, small", "gpu-9"]);
    expect(names(sortRows(rows, columns, "name"))).toEqual(["CPU, small", "gpu-9", "gpu-10"]);
  });

  it("stay as they came for a column that is not there or has no value", () => {
    for (const sort of [undefined, "nothing", "-nothing", "mark", ""]) expect(sortRows(rows, columns, sort)).toBe(rows);
  });

  it("turn up, down and back by their head", () => {
    expect([undefined, "price", "-price", "name"].map((sort) => nextSort(sort, "price"))).toEqual([
      "price",
      "-price",
      undefined,
      "price",
    ]);
  });

  it("are found by every word, whatever its case", () => {
    expect(names(searchRows(rows, columns, "GPU -9"))).toEqual(["gpu-9"]);
    expect(searchRows(rows, columns, "  ")).toBe(rows);
    expect(searchRows(rows, columns, "absent")).toEqual([]);
  });

  it("show the columns that the URL names, or the initial ones when it names none that exist", () => {
    const ids = (cols: string | undefined) => shownColumns(columns, cols).map((column) => column.id);
    expect(ids(undefined)).toEqual(["name", "price"]);
    expect(ids("mark,name,gone")).toEqual(["name", "mark"]);
    expect(ids("gone")).toEqual(["name", "price"]);
  });

  it("leave as CSV that a spreadsheet reads as data", () => {
    expect(toCsv([...rows, { name: '=HYPERLINK("x")', price: 1n }], columns)).toBe(
      `Name,"Price, base units"\r\ngpu-10,${2n ** 70n}\r\ngpu-9,\r\n"CPU, small",${2n ** 70n - 1n}\r\n"'=HYPERLINK(""x"")",1\r\n`,
    );
  });

  it("open from any link, also from one that is wrong", () => {
    expect(tableSearch.parse({ sort: 7, q: { a: 1 }, cols: [], open: null })).toEqual({
      sort: undefined,
      q: undefined,
      cols: undefined,
      open: undefined,
    });
  });

  it("are drawn where they can be seen, and nowhere outside of the list", () => {
    expect(windowOf(10_000, 32, 0, 640)).toEqual([0, 28]);
    expect(windowOf(10_000, 32, 320_000, 640)).toEqual([9_992, 10_000]);
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.integer({ min: 20, max: 60 }),
        fc.nat(5_000_000),
        fc.nat(2_000),
        (count, row, top, height) => {
          const [from, to] = windowOf(count, row, top, height);
          expect(from).toBeGreaterThanOrEqual(0);
          expect(to).toBeLessThanOrEqual(count);
          expect(from).toBeLessThanOrEqual(to);
          const first = Math.floor(top / row);
          if (first < count && height > 0) expect(from <= first && first < to).toBe(true);
        },
      ),
    );
  });
});
