import { z } from "zod";
import { defineScreen } from "../../app/screen.ts";

/** A new workload: what runs, what it needs, and who can run it. */
export default defineScreen({
  path: "/new",
  title: { en: "New workload", ko: "새 작업" },
  search: z.object({
    /** Pinned from the market: its provider is asked, and its unit is what is filled in. */
    offer: z.string().max(60).optional().catch(undefined),
    /** A workload of one's own that is to be run again, as it was or changed. */
    from: z.string().max(60).optional().catch(undefined),
    example: z.enum(["digits"]).optional().catch(undefined),
  }),
  nav: { role: "client", order: 20, icon: "M8 3v10M3 8h10", phone: true },
  goKey: "c",
});
