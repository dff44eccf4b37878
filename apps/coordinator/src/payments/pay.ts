import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import { noteCap } from "@corepool/core/payment";
import { digestOf, leaseOverData, paymentNoteData } from "@corepool/protocol/eip712";
import { type MarketContext, secondsOf } from "../market/context.ts";
import type { Lease, Uow } from "../market/documents.ts";
import { isSignedByKey } from "../market/signatures.ts";

/** A payment note: the growing total, base units, signed by the lease key. */
export interface Note {
  readonly total: bigint;
  readonly signature: Hex;
  /** The lease key's LeaseOver over the same total; null while further notes may come. */
  readonly over: Hex | null;
}

/** Clocks of chain, client and coordinator may differ by so much. */
const SKEW_SECONDS = 5;

/**
 * Seconds since the epoch, by this process's clock or the chain's newest block, whichever is later: a clock that was set
 * back holds no note up that the chain would pay.
 */
export async function marketSeconds(uow: Uow, context: MarketContext): Promise<number> {
  return Math.max(secondsOf(context.clock), Number((await uow.chain.progress()).headTime));
}

/** A lease that takes notes: `open`, or `closing` until it is settled. Rejects with `lease-not-open`. */
export function assertPayable(lease: Lease): void {
  if (lease.state === "open" || lease.state === "closing") return;
  throw new CorepoolError("lease-not-open", {
    detail: `The lease is ${lease.state}.`,
    next: "Read it: GET /v1/leases/{id}.",
    data: { state: lease.state },
  });
}

/**
 * Takes the next note of a lease and hands it to the agent. Totals only grow and never pass what the chain would pay
 * now; a repeated note changes nothing. Rejects with `lease-not-open`, `note-too-small`, `note-too-large` or
 * `bad-signature`. The caller holds the lease's lock.
 */
export async function takeNote(uow: Uow, context: MarketContext, lease: Lease, note: Note): Promise<Lease> {
  assertPayable(lease);
  const chain = await uow.chain.lease(lease.id);
  if (chain === undefined) throw new CorepoolError("lease-not-open", { detail: "The lease is not on chain yet." });
  const { total, signature, over } = note;
  if (total < lease.noteTotal) {
    throw new CorepoolError("note-too-small", {
      detail: `A note over ${lease.noteTotal} was handed over before; this one is over ${total}.`,
      next: "Sign the growing total, not the difference.",
      data: { noteTotal: String(lease.noteTotal) },
    });
  }
  const { terms } = chain;
  const cap = noteCap(
    {
      rate: BigInt(terms.rate),
      escrow: BigInt(terms.escrow),
      start: terms.start,
      end: terms.end,
      graceSeconds: terms.grace,
    },
    (await marketSeconds(uow, context)) + SKEW_SECONDS,
  );
  if (total > cap) {
    throw new CorepoolError("note-too-large", {
      detail: `The lease can owe ${cap} base units by now; the note is over ${total}.`,
      next: "Sign rate × served time, never above rate × (elapsed + grace) nor above the escrow.",
      data: { cap: String(cap) },
    });
  }
  if (!(await isSignedByKey(lease.key, digestOf(paymentNoteData(context.domain, lease.id, total)), signature))) {
    throw new CorepoolError("bad-signature", {
      detail: "The note is not signed by the lease key for this market.",
      next: "Sign PaymentNote(lease, total) with the key that the order names.",
    });
  }
  if (
    over !== null &&
    !(await isSignedByKey(lease.key, digestOf(leaseOverData(context.domain, lease.id, total)), over))
  ) {
    throw new CorepoolError("bad-signature", {
      detail: "That the lease is over is not signed by the lease key.",
      next: "Sign LeaseOver(lease, total) over the note's own total.",
    });
  }
  const repeated = total === lease.noteTotal && lease.noteSignature !== null;
  if (repeated && (lease.noteOver !== null || over === null)) return lease;
  const next: Lease = { ...lease, noteTotal: total, noteSignature: signature, noteOver: over };
  await uow.leases.put(next);
  await uow.messages.put(lease.machine, `note:${lease.id}`, {
    type: "note",
    body: { lease: lease.id, total: String(total), signature, over },
  });
  return next;
}
