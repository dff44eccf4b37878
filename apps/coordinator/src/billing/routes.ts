import { getSpend, listLedger } from "@corepool/protocol/routes/billing";
import { lower, type MarketContext } from "../market/context.ts";
import type { MarketStore } from "../market/documents.ts";
import type { Database } from "../platform/database/database.ts";
import type { Api } from "../platform/http/call.ts";
import { pager } from "../platform/http/page.ts";
import { ledgerPage, spendOf } from "./queries.ts";

/** Binds the routes of an account's ledger. */
export function bindBilling(
  api: Api,
  parts: {
    readonly database: Pick<Database, "reader">;
    readonly store: MarketStore;
    readonly context: Pick<MarketContext, "clock" | "tokens">;
  },
): void {
  const { database, store, context } = parts;
  api.bind(listLedger, async ({ caller, query }) => {
    const { limit, cursor, token, kind, workload, machine } = query;
    const filter = {
      ...{ token: token === undefined ? undefined : lower(token), kind, workload },
      machine: machine === undefined ? undefined : lower(machine),
    };
    const list = pager(`listLedger ${caller.account}`, filter);
    const rows = await ledgerPage(database.reader, caller.account, filter, limit + 1, list.after(cursor)?.id);
    return list.page(
      rows,
      limit,
      (row) => ({ at: Date.parse(row.at), id: row.id }),
      (row) => row,
    );
  });

  api.bind(getSpend, async ({ caller, query }) => {
    const { clock, tokens } = context;
    const holdings = await store.transaction((uow) =>
      Promise.all(
        tokens.map(async (token) => ({ ...token, holding: await uow.chain.account(token.address, caller.account) })),
      ),
    );
    return spendOf(database.reader, holdings, caller.account, query.days, clock.now());
  });
}
