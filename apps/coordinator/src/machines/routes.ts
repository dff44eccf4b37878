import { CorepoolError } from "@corepool/core/errors";
import type { MachineRecord } from "@corepool/core/ports/store";
import type { MachineView } from "@corepool/protocol/resources";
import { getMachine, listMachines } from "@corepool/protocol/routes/market";
import { lower, timestampOf } from "../market/context.ts";
import type { Uow } from "../market/documents.ts";
import { inTransaction, type MarketParts } from "../market/parts.ts";
import type { Api } from "../platform/http/call.ts";
import { pager } from "../platform/http/page.ts";
import { machinePage } from "./fleet.ts";

/** What everybody sees of these machines, in their order. */
async function machineViews(uow: Uow, machines: readonly MachineRecord[]): Promise<MachineView[]> {
  const units = Map.groupBy(await uow.units.ofMachines(machines.map(({ id }) => id)), (unit) => unit.machine);
  return machines.map((machine) => ({
    id: machine.id,
    provider: machine.provider,
    online: machine.online,
    lastSeenAt: machine.lastSeenAt === null ? null : timestampOf(machine.lastSeenAt),
    registeredAt: timestampOf(machine.registeredAt),
    agentVersion: machine.agentVersion,
    units: (units.get(machine.id) ?? []).map((unit) => unit.spec),
  }));
}

/** Binds the routes of machines. */
export function bindMachines(api: Api, parts: MarketParts): void {
  api.bind(listMachines, async ({ query }) => {
    const fleet = query.fleet === undefined ? undefined : lower(query.fleet);
    const list = pager("listMachines", { fleet });
    const after = list.after(query.cursor);
    const before = after === undefined ? undefined : { createdAt: after.at, id: after.id };
    return inTransaction(parts, async (uow, tx) => {
      const rows = await machinePage(tx, fleet, query.limit + 1, before);
      const page = list.page(
        rows,
        query.limit,
        (row) => ({ at: row.registeredAt, id: row.id }),
        (row) => row,
      );
      return { ...page, data: await machineViews(uow, page.data) };
    });
  });

  api.bind(getMachine, ({ params }) =>
    inTransaction(parts, async (uow) => {
      const machine = await uow.machines.get(lower(params.id));
      const [view] = await machineViews(uow, machine === undefined ? [] : [machine]);
      if (view !== undefined) return view;
      throw new CorepoolError("not-found", {
        detail: `There is no machine ${params.id}.`,
        next: "See all: GET /v1/machines.",
      });
    }),
  );
}
