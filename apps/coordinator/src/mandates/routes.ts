import { dropMandate, grantMandate as grantMandateRoute, listMandates } from "@corepool/protocol/routes/accounts";
import { inTransaction, type MarketParts } from "../market/parts.ts";
import type { Api } from "../platform/http/call.ts";
import { pager } from "../platform/http/page.ts";
import { checkMandate, grantMandate, mandateView } from "./grant.ts";
import { ownMandate } from "./own.ts";

/** Binds the routes of mandates. */
export function bindMandates(api: Api, parts: MarketParts): void {
  const { context } = parts;

  api.bind(grantMandateRoute, async ({ caller, body, settle }) => {
    const { mandate, providers, signature } = body;
    await checkMandate(context, parts.operator, caller.account, mandate, providers, signature);
    return inTransaction(parts, async (uow, tx) => {
      const record = await grantMandate(uow, context, caller.account, mandate, providers, signature);
      return settle(tx, await mandateView(uow, record));
    });
  });

  api.bind(listMandates, async ({ caller, query }) => {
    const list = pager(`listMandates ${caller.account}`, {});
    const after = list.after(query.cursor);
    const before = after === undefined ? undefined : { createdAt: after.at, id: after.id };
    return inTransaction(parts, async (uow) => {
      const rows = await uow.mandates.page(caller.account, { limit: query.limit + 1, before });
      const data = await Promise.all(rows.slice(0, query.limit).map((row) => mandateView(uow, row)));
      return {
        ...list.page(
          rows,
          query.limit,
          (row) => ({ at: row.createdAt, id: row.id }),
          ({ id }) => id,
        ),
        data,
      };
    });
  });

  api.bind(dropMandate, async ({ caller, params }) => {
    await inTransaction(parts, async (uow) => {
      const mandate = await ownMandate(uow, caller.account, params.id, true);
      if (mandate.droppedAt === null) await uow.mandates.put({ ...mandate, droppedAt: context.clock.now() });
    });
    return undefined;
  });
}
