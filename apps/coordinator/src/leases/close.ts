import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import { LEASE } from "@corepool/core/lease";
import { move } from "@corepool/core/transitions";
import { closeData, digestOf, paymentNoteData } from "@corepool/protocol/eip712";
import { lower, type MarketContext } from "../market/context.ts";
import type { Uow } from "../market/documents.ts";
import { isSignedByKey } from "../market/signatures.ts";
import { LEASES_WAKE } from "./topics.ts";

/** The provider's agreement to close a lease with a note. */
export interface CloseRequest {
  readonly lease: Hex;
  /** Base units, of the note. */
  readonly total: bigint;
  readonly noteSignature: Hex | null;
  readonly closeSignature: Hex;
}

/**
 * The agent closes a lease: the last note and the provider's Close go on chain with the next settlement. Repeats change
 * nothing. Rejects with `not-found`, `lease-not-open`, `note-too-large` or `bad-signature`.
 */
export async function closeLease(uow: Uow, context: MarketContext, machine: Hex, request: CloseRequest): Promise<void> {
  const lease = await uow.leases.lock(lower(request.lease));
  if (lease === undefined || lease.machine !== machine) {
    throw new CorepoolError("not-found", { detail: `There is no lease ${request.lease} on this machine.` });
  }
  if (lease.close !== null || lease.state === "closed") return;
  if (lease.state !== "open") {
    throw new CorepoolError("lease-not-open", {
      detail: `The lease is ${lease.state}.`,
      next: "Close it once it is open.",
    });
  }
  const { total } = request;
  if (total > lease.escrow) {
    throw new CorepoolError("note-too-large", { detail: `The total ${total} is above the escrow ${lease.escrow}.` });
  }
  const closeDigest = digestOf(closeData(context.domain, lease.id, total));
  if (!(await isSignedByKey(lease.provider, closeDigest, request.closeSignature))) {
    throw new CorepoolError("bad-signature", { detail: "The Close is not signed by the provider." });
  }
  const paid = (await uow.chain.lease(lease.id))?.paid ?? 0n;
  const noteSignature = request.noteSignature ?? (lease.noteTotal === total ? lease.noteSignature : null);
  if (total > paid) {
    const digest = digestOf(paymentNoteData(context.domain, lease.id, total));
    if (noteSignature === null || !(await isSignedByKey(lease.key, digest, noteSignature))) {
      throw new CorepoolError("bad-signature", { detail: "The payment note is not signed by the lease key." });
    }
  }
  await uow.leases.put({
    ...lease,
    state: move(LEASE, `Lease ${lease.id}`, lease.state, "closing"),
    close: { total, noteSignature, signature: request.closeSignature },
    ...(total > lease.noteTotal ? { noteTotal: total, noteSignature } : {}),
  });
  await uow.wake(LEASES_WAKE);
}
