import { z } from "zod";
import { defineScreen } from "../../app/screen.ts";
import { tableSearch } from "../../kit/table/model.ts";

/** Everything that an account has had run. */
export default defineScreen({
  path: "/w",
  title: { en: "Workloads", ko: "워크로드" },
  search: tableSearch.extend({
    /** Which of them: those that go on, or those that have ended some way. */
    show: z.enum(["active", "succeeded", "failed", "cancelled"]).optional().catch(undefined),
  }),
  nav: { role: "client", order: 30, icon: "M2.5 3.5h11v3h-11zM2.5 9.5h11v3h-11zM4.8 5h.01M4.8 11h.01", phone: true },
  goKey: "w",
});
