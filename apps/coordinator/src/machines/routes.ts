import { CorepoolError } from "@corepool/core/errors";
import type { MachineRecord } from "@corepool/core/ports/store";
import type { MachineView } from "@corepool/protocol/resources";
import { getMachine, listMachines } from "@corepool/protocol/routes/market";
import { lower, timestampOf } from "../market/context.ts";
import type { Uow } from "../market/documents.ts";
import { inTransaction, type MarketParts } from "../market/parts.ts";
import type { Api } from "../platform/http/call.ts";
import { pager } from "../platform/http/page.ts";

async function machineView(uow: Uow, machine: MachineRecord): Promise<MachineView> {
  return {
    id: machine.id,
    provider: machine.provider,
    online: machine.online,
    lastSeenAt: machine.lastSeenAt === null ? null : timestampOf(machine.lastSeenAt),
    registeredAt: timestampOf(machine.registeredAt),
    agentVersion: machine.agentVersion,
    units: (await uow.units.ofMachine(machine.id)).map((unit) => unit.spec),
  };
}

/** Binds the routes of machines. */
export function bindMachines(api: Api, parts: MarketParts): void {
  api.bind(listMachines, async ({ query }) => {
    const list = pager("listMachines", {});
    const after = list.after(query.cursor);
    const before = after === undefined ? undefined : { createdAt: after.at, id: after.id };
    return inTransaction(parts, async (uow) => {
      const rows = await uow.machines.page({ limit: query.limit + 1, before });
      const views = new Map<string, MachineView>();
      for (const row of rows.slice(0, query.limit)) views.set(row.id, await machineView(uow, row));
      const page = list.page(
        rows,
        query.limit,
        (row) => ({ at: row.registeredAt, id: row.id }),
        ({ id }) => id,
      );
      return { ...page, data: page.data.flatMap((id) => views.get(id) ?? []) };
    });
  });

  api.bind(getMachine, ({ params }) =>
    inTransaction(parts, async (uow) => {
      const machine = await uow.machines.get(lower(params.id));
      if (machine === undefined) {
        throw new CorepoolError("not-found", {
          detail: `There is no machine ${params.id}.`,
          next: "See all: GET /v1/machines.",
        });
      }
      return machineView(uow, machine);
    }),
  );
}
