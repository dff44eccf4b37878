import { z } from "zod";
import { defineScreen } from "../../app/screen.ts";
import { tableSearch } from "../../kit/table/model.ts";

/** The kinds of entries that a ledger has. */
export const KINDS = [
  "deposit",
  "withdrawal",
  "escrow",
  "payment",
  "fee",
  "refund",
  "earning",
  "credit",
  "funded",
] as const;

/** An account's money: what it has, what it spends, what may spend it, and every movement on chain. */
export default defineScreen({
  path: "/billing",
  title: { en: "Billing", ko: "결제" },
  search: tableSearch.extend({
    part: z.enum(["money", "ledger", "mandates"]).optional().catch(undefined),
    kind: z.enum(KINDS).optional().catch(undefined),
    /** Address of the token that the ledger and the spending are shown in. */
    token: z.string().max(42).optional().catch(undefined),
    /** How many days of spending. */
    days: z.enum(["7", "30", "90"]).optional().catch(undefined),
  }),
  nav: { role: "client", order: 60, icon: "M2.5 4h11v8.5h-11zM2.5 6.8h11M4.8 10h2.4" },
  goKey: "b",
});
