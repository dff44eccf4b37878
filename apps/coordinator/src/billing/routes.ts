import { getSpend, listLedger } from "@corepool/protocol/routes/billing";
import { lower, type MarketContext } from "../market/context.ts";
import type { Database } from "../platform/database/database.ts";
import type { Api } from "../platform/http/call.ts";
import { pager } from "../platform/http/page.ts";
import { ledgerPage, spendOf } from "./queries.ts";

/** Binds the routes of an account's ledger. */
export function bindBilling(
  api: Api,
  parts: { readonly database: Pick<Database, "reader">; readonly context: Pick<MarketContext, "clock" | "tokens"> },
): void {
  const { database, context } = parts;
  api.bind(listLedger, async ({ caller, query }) => {
    const { limit, cursor, token, kind, workload } = query;
    const filter = { token: token === undefined ? undefined : lower(token), kind, workload };
    const list = pager(`listLedger ${caller.account}`, filter);
    const rows = await ledgerPage(database.reader, caller.account, filter, limit + 1, list.after(cursor)?.id);
    return list.page(
      rows,
      limit,
      (row) => ({ at: Date.parse(row.at), id: row.id }),
      (row) => row,
    );
  });

  api.bind(getSpend, ({ caller, query }) =>
    spendOf(database.reader, context.tokens, caller.account, query.days, context.clock.now()),
  );
}
