import { CorepoolError } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import type { MarketContext } from "../market/context.ts";
import type { Uow, Workload } from "../market/documents.ts";
import { ownWorkload } from "./own.ts";
import { chooseOffer } from "./place.ts";

/** Places a pending workload anew. Rejects with `no-placement` and `illegal-transition`, and then nothing changes. */
export async function replaceWorkload(
  uow: Uow,
  context: MarketContext,
  account: Address,
  id: string,
): Promise<Workload> {
  const workload = await ownWorkload(uow, account, id, true);
  if (workload.state !== "pending") {
    throw new CorepoolError("illegal-transition", {
      detail: `Workload ${id} is ${workload.state}; only a pending one is placed again.`,
      next: "Read its state: GET /v1/workloads/{id}.",
      data: { from: workload.state, to: "pending" },
    });
  }
  const placed = await chooseOffer(uow, context, workload);
  const next: Workload = { ...workload, placed, placedAt: context.clock.now(), detail: null };
  await uow.workloads.put(next);
  await uow.outbox.append({
    account,
    type: "workload.placed",
    workload: id,
    at: context.clock.now(),
    state: "pending",
    note: null,
  });
  return next;
}
