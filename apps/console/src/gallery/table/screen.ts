import { z } from "zod";
import { defineScreen } from "../../app/screen.ts";
import { tableSearch } from "../../kit/table/model.ts";

export default defineScreen({
  path: "/_gallery/table",
  title: { en: "Table kit", ko: "표 모음" },
  search: tableSearch.extend({
    rows: z.coerce.number().int().min(0).max(20_000).optional().catch(undefined),
    state: z.enum(["loading", "failed", "stale"]).optional().catch(undefined),
  }),
});
