import { z } from "zod";
import { defineScreen } from "../../app/screen.ts";
import { tableSearch } from "../../kit/table/model.ts";

/** The machines of a provider: whether they live, what they offer, what they earn. */
export default defineScreen({
  path: "/provider",
  title: { en: "Machines", ko: "내 머신" },
  search: tableSearch.extend({
    /** How many days of earnings. */
    days: z.enum(["7", "30", "90"]).optional().catch(undefined),
  }),
  nav: { role: "provider", order: 110, icon: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01M8 5h3M8 11h3" },
  goKey: "p",
});
