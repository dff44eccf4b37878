import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import { drainMachine, getOwnMachine, listOwnMachines } from "@corepool/protocol/routes/machines";
import { lower } from "../market/context.ts";
import { OFFERS_WAKE } from "../offers/topics.ts";
import type { Database } from "../platform/database/database.ts";
import { notifyOnCommit } from "../platform/events/notify-on-commit.ts";
import type { Api, Caller } from "../platform/http/call.ts";
import { pager } from "../platform/http/page.ts";
import { ownMachine, ownMachines, ownMachineViews } from "./own.ts";

/** Binds the routes of a provider's own machines. */
export function bindOwnMachines(
  api: Api,
  parts: { readonly database: Pick<Database, "reader" | "transaction">; readonly clock: Clock },
): void {
  const { database, clock } = parts;
  const { reader } = database;
  const view = async (caller: Caller, id: Hex) => {
    const machine = await ownMachine(reader, caller.account, lower(id));
    const [view] = await ownMachineViews(reader, machine === undefined ? [] : [machine], clock.now());
    if (view !== undefined) return view;
    throw new CorepoolError("not-found", {
      detail: `There is no machine ${id} of yours.`,
      next: "See yours: GET /v1/account/machines.",
    });
  };

  api.bind(listOwnMachines, async ({ caller, query }) => {
    const list = pager(`listOwnMachines ${caller.account}`, {});
    const rows = await ownMachines(reader, caller.account, query.limit + 1, list.after(query.cursor));
    const page = list.page(
      rows,
      query.limit,
      (row) => ({ at: row.registered_at.getTime(), id: row.id }),
      (row) => row,
    );
    return { ...page, data: await ownMachineViews(reader, page.data, clock.now()) };
  });

  api.bind(getOwnMachine, ({ caller, params }) => view(caller, params.id));

  api.bind(drainMachine, async ({ caller, params, body }) => {
    await database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable("machines")
        .set({ draining: body.draining })
        .where("id", "=", lower(params.id))
        .where("provider", "=", caller.account)
        .where("draining", "!=", body.draining)
        .executeTakeFirstOrThrow();
      // Every market page that is open looks again: only what changed something may wake them.
      if (numUpdatedRows > 0n) await notifyOnCommit(tx, OFFERS_WAKE);
    });
    return view(caller, params.id);
  });
}
