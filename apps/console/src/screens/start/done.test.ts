import { expect, it } from "vitest";
import { parseLooked } from "./done.ts";

it("reads what was looked at, and nothing of what is damaged", () => {
  expect(parseLooked('{"result":"wkl_1","receipt":"wkl_2"}')).toEqual({ result: "wkl_1", receipt: "wkl_2" });
  for (const torn of [null, "", "{", "null", "7", "[]", '{"result":7}']) expect(parseLooked(torn)).toEqual({});
});
