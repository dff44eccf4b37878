import { z } from "zod";
import { defineScreen } from "../../app/screen.ts";
import { tableSearch } from "../../kit/table/model.ts";

const wholeNumber = z.coerce.number().int().min(1).max(1_000_000).optional().catch(undefined);

/** Offers that are open, for everybody to see. */
export default defineScreen({
  path: "/market",
  title: { en: "Market", ko: "마켓" },
  search: tableSearch.extend({
    /** A GPU's model, or `none` for machines without. */
    gpu: z.string().max(80).optional().catch(undefined),
    cpus: wholeNumber,
    /** GiB. */
    memory: wholeNumber,
    /** Highest price an hour, in whole tokens as a decimal. */
    max: z
      .string()
      .regex(/^\d{1,20}(\.\d{1,18})?$/)
      .optional()
      .or(z.number().min(0).transform(String))
      .catch(undefined),
    token: z.string().max(42).optional().catch(undefined),
    /** Offers that could be taken now, or all. */
    free: z.enum(["yes", "all"]).optional().catch(undefined),
  }),
  nav: {
    role: "client",
    order: 10,
    icon: "M2.5 6l1.2-3.5h8.6L13.5 6M3.2 8v5.5h9.6V8M2.5 6a1.8 1.8 0 0 0 3.6 0 1.8 1.8 0 0 0 3.7 0 1.8 1.8 0 0 0 3.7 0z",
    phone: true,
  },
  goKey: "m",
});
