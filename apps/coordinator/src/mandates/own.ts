import { CorepoolError } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import type { Mandate, Uow } from "../market/documents.ts";

/** The account's mandate, in use. Rejects with `not-found`, or `mandate-exceeded` when it was dropped. */
export async function ownMandate(uow: Uow, account: Address, id: string, lock = false): Promise<Mandate> {
  const mandate = await (lock ? uow.mandates.lock(id) : uow.mandates.get(id));
  if (mandate === undefined || mandate.client !== account) {
    throw new CorepoolError("not-found", {
      detail: `There is no mandate ${id} of yours.`,
      next: "List yours: corepool mandate list, or GET /v1/mandates.",
    });
  }
  return mandate;
}
