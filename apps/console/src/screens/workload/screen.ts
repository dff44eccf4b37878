import { z } from "zod";
import { defineScreen } from "../../app/screen.ts";

export const TABS = ["overview", "logs", "metrics", "files", "receipt", "events", "config"] as const;
export type Tab = (typeof TABS)[number];

/** One workload: how it goes, what it says, uses, leaves behind and costs. */
export default defineScreen({
  path: "/w/$id",
  title: { en: "Workload", ko: "워크로드" },
  search: z.object({
    tab: z.enum(TABS).optional().catch(undefined),
    /** What is searched in the log. */
    find: z.string().max(200).optional().catch(undefined),
    source: z.enum(["stdout", "stderr"]).optional().catch(undefined),
    /** Whether only the found lines are shown. */
    only: z.enum(["yes"]).optional().catch(undefined),
    /** Whether lines show when they came. */
    times: z.enum(["yes"]).optional().catch(undefined),
  }),
});
