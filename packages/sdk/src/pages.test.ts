import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wholeList } from "./pages.ts";

describe("a whole list", () => {
  it("is every item once, in order, whatever the pages hold", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(), { maxLength: 5 }), { minLength: 1, maxLength: 8 }),
        async (pages) => {
          const asked: (string | undefined)[] = [];
          const { data, hasMore, nextCursor } = await wholeList(async ({ cursor }) => {
            asked.push(cursor);
            const at = Number(cursor ?? 0);
            const more = at + 1 < pages.length;
            return { data: pages[at] ?? [], hasMore: more, nextCursor: more ? String(at + 1) : null };
          });
          expect(data).toEqual(pages.flat());
          expect(asked).toEqual(pages.map((_, at) => (at === 0 ? undefined : String(at))));
          expect([hasMore, nextCursor]).toEqual([false, null]);
        },
      ),
    );
  });

  it("is not had in part: a page that fails fails it", async () => {
    let pages = 0;
    const list = wholeList(async () => {
      if (pages++ === 1) throw new Error("gone");
      return { data: [1], hasMore: true, nextCursor: "a" };
    });
    await expect(list).rejects.toThrow("gone");
  });
});
