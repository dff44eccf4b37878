import { getLease, payLease, probeLease } from "@corepool/protocol/routes/workloads";
import { leaseView } from "../leases/views.ts";
import { lower } from "../market/context.ts";
import { inTransaction, type MarketParts } from "../market/parts.ts";
import type { Api } from "../platform/http/call.ts";
import { ownLease } from "../workloads/own.ts";
import { assertPayable, takeNote } from "./pay.ts";

/** Binds the routes of leases: reading one, probing through it, paying it. */
export function bindPayments(api: Api, parts: MarketParts): void {
  const { context, gateway } = parts;

  api.bind(getLease, ({ caller, params }) =>
    inTransaction(parts, async (uow) => leaseView(uow, await ownLease(uow, caller.account, lower(params.id)))),
  );

  api.bind(probeLease, async ({ caller, params, body }) => {
    const lease = await inTransaction(parts, (uow) => ownLease(uow, caller.account, lower(params.id)));
    assertPayable(lease);
    return gateway.probe(lease.machine, lease.id, body.nonce);
  });

  api.bind(payLease, ({ caller, params, body }) =>
    inTransaction(parts, async (uow) => {
      const lease = await ownLease(uow, caller.account, lower(params.id), true);
      const note = { total: BigInt(body.total), signature: body.signature, over: body.over ?? null };
      return { total: String((await takeNote(uow, context, lease, note)).noteTotal) };
    }),
  );
}
