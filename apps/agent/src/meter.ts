import { CorepoolError } from "@corepool/core/errors";
import { type Hex, sameAddress } from "@corepool/core/hex";
import { noteCap } from "@corepool/core/payment";
import type { TypedData } from "@corepool/core/ports/signer";
import { digestOf, leaseOverData, type MarketDomain, paymentNoteData } from "@corepool/protocol/eip712";
import type { TermsMessage } from "@corepool/protocol/spec";
import { recoverAddress } from "viem";

/**
 * The provider's side of paying for reachability. The agent compares the time it served with the time that the best
 * note covers: the difference must not grow beyond the grace. Counting covered time and not notes, a client cannot keep
 * a workload alive with notes that hardly grow.
 */

/** Time that a total pays for, milliseconds, rounded up in the client's favour. */
export function coveredMs(rate: bigint, total: bigint): number {
  return Number((total * 1000n + rate - 1n) / rate);
}

export interface NoteContext {
  readonly domain: MarketDomain;
  readonly lease: Hex;
  readonly terms: TermsMessage;
  /** The best total so far. */
  readonly best: bigint;
  /** Seconds since the epoch, by the chain's reckoning as far as known. */
  readonly now: number;
}

/**
 * Checks a payment note as the chain will. Resolves with its total, which may equal the best one (a repeat).
 * @throws CorepoolError `note-too-small`, `note-too-large` or `bad-signature`
 */
export async function checkNote(
  note: { readonly total: string; readonly signature: Hex; readonly over: Hex | null },
  context: NoteContext,
): Promise<bigint> {
  const { terms, lease, domain, best } = context;
  const total = BigInt(note.total);
  if (total < best) {
    throw new CorepoolError("note-too-small", {
      detail: `The payment note over ${total} is below the ${best} already promised for lease ${lease}.`,
      next: "Sign a total that is at least as large as the last one.",
      data: { best: String(best) },
    });
  }
  const cap = noteCap(
    {
      rate: BigInt(terms.rate),
      escrow: BigInt(terms.escrow),
      start: terms.start,
      end: terms.end,
      graceSeconds: terms.grace,
    },
    context.now,
  );
  if (total > cap) {
    throw new CorepoolError("note-too-large", {
      detail: `The payment note over ${total} is more than the ${cap} that lease ${lease} can owe by now.`,
      next: "Sign for the time that was served.",
      data: { cap: String(cap) },
    });
  }
  const { over } = note;
  const signed =
    (await isFromKey(terms, paymentNoteData(domain, lease, total), note.signature)) &&
    (over === null || (await isFromKey(terms, leaseOverData(domain, lease, total), over)));
  if (!signed) {
    throw new CorepoolError("bad-signature", {
      detail: `The payment note for lease ${lease}${over === null ? "" : ", or that it is the last one,"} is not signed by its lease key.`,
      next: "Sign it with the key that the order named.",
    });
  }
  return total;
}

async function isFromKey(terms: TermsMessage, data: TypedData, signature: Hex): Promise<boolean> {
  if (!chainReads(signature)) return false;
  const signer = await recoverAddress({ hash: digestOf(data), signature }).catch(() => undefined);
  return signer !== undefined && sameAddress(signer, terms.key);
}

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** Whether the market's contract would read the signature: r, s and v, low s. A note that it refuses is worth nothing. */
function chainReads(signature: Hex): boolean {
  if (signature.length !== 132) return false;
  const v = signature.slice(130).toLowerCase();
  return (v === "1b" || v === "1c") && BigInt(`0x${signature.slice(66, 130)}`) <= HALF_ORDER;
}
