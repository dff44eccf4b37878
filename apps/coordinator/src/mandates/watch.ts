import { codeOf } from "@corepool/core/errors";
import { type Hex, toHex } from "@corepool/core/hex";
import { answerGapMs, countAnswer, finalServedMs, noteCap, priceOf } from "@corepool/core/payment";
import type { LastAnswer } from "@corepool/core/ports/store-leases";
import { leaseOverData, paymentNoteData } from "@corepool/protocol/eip712";
import { probeAnswer } from "@corepool/protocol/probe";

import type { Gateway } from "../gateway/gateway.ts";
import type { Attempt, Lease, OnChain, Uow } from "../market/documents.ts";
import { marketSeconds, takeNote } from "../payments/pay.ts";
import { newestAttempt } from "../workloads/own.ts";
import type { OperatorParts } from "./order.ts";

export interface WatchParts extends OperatorParts {
  /** Names this run of the process: no other has had it, nor will. */
  readonly run: string;
  readonly gateway: Gateway;
}

/** The lease once it has answered a probe that was sent at the given times. */
function withAnswer(lease: Lease, sent: Omit<LastAnswer, "heldMs">, frozen: boolean): Lease {
  const graceMs = lease.graceSeconds * 1000;
  const { lastAnswer: last } = lease;
  if (last === null) return { ...lease, lastAnswer: { ...sent, heldMs: 0 } };
  const gap = answerGapMs(last, sent, graceMs);
  const { provenMs, heldMs } = countAnswer({ provenMs: lease.provenMs, heldMs: last.heldMs }, gap, graceMs, frozen);
  return { ...lease, provenMs, lastAnswer: { ...sent, heldMs } };
}

/** Whether an interval has passed since the last answer, as far as this run can tell. */
function due({ lastAnswer: last, intervalSeconds }: Lease, run: string, monotonicMs: number, wallMs: number): boolean {
  if (last === null) return true;
  const passed = last.by === run ? monotonicMs - last.monotonicMs : wallMs - last.at;
  // A wall clock that says it is earlier than then has been set: ask rather than wait for it.
  return passed < 0 || passed >= intervalSeconds * 1000;
}

/** Signs and hands over the next note of a lease; never more than the chain would pay. */
async function pay(
  parts: WatchParts,
  uow: Uow,
  lease: Lease,
  chain: OnChain,
  ms: number,
  last: boolean,
): Promise<void> {
  const { context, keys } = parts;
  const { terms } = chain;
  const cap = noteCap(
    { rate: lease.rate, escrow: lease.escrow, start: terms.start, end: terms.end, graceSeconds: terms.grace },
    await marketSeconds(uow, context),
  );
  const price = priceOf(lease.rate, ms);
  const capped = price < cap ? price : cap;
  const total = capped > lease.noteTotal ? capped : lease.noteTotal;
  const key = keys.of(lease.workload, lease.id);
  const signature = await key.sign(paymentNoteData(context.domain, lease.id, total));
  const over = last ? await key.sign(leaseOverData(context.domain, lease.id, total)) : null;
  // What is proven is kept whether or not the note is a larger one.
  await uow.leases.put(lease);
  await takeNote(uow, context, lease, { total, signature, over });
}

/** What the agent says along with an answer that only the lease's sandbox can give this watch; undefined without one. */
async function answerOf(
  parts: WatchParts,
  lease: Lease,
  providerPublicKey: Hex,
): Promise<{ readonly frozen: boolean } | undefined> {
  const nonce = parts.context.random.bytes(32);
  try {
    const { answer, frozen } = await parts.gateway.probe(lease.machine, lease.id, `0x${toHex(nonce)}`);
    const key = parts.keys.of(lease.workload, lease.id).probeKey(providerPublicKey, lease.id);
    return answer.toLowerCase() === `0x${toHex(probeAnswer(key, nonce))}` ? { frozen } : undefined;
  } catch (error) {
    if (codeOf(error) === "machine-unreachable") return undefined;
    throw error;
  }
}

interface Seen {
  readonly lease: Lease;
  readonly chain: OnChain;
  readonly attempt: Attempt;
  readonly publicKey: Hex;
}

async function look(uow: Uow, id: Hex): Promise<Seen | undefined> {
  const lease = await uow.leases.get(id);
  if (lease === undefined || lease.mandate === null || lease.state !== "open" || lease.noteOver !== null)
    return undefined;
  const attempt = await newestAttempt(uow, lease.workload);
  const chain = await uow.chain.lease(id);
  const machine = await uow.machines.get(lease.machine);
  if (attempt?.lease !== id || chain === undefined || machine === undefined) return undefined;
  return { lease, chain, attempt, publicKey: machine.publicKey };
}

/**
 * One round of the coordinator's own watch over a lease under a mandate, by the same rules as a client's: no answer, no
 * note. Its progress is in the database, so that a restart forgets nothing and gains no more than `answerGapMs` says.
 */
export async function watchOnce(parts: WatchParts, id: Hex): Promise<void> {
  const { context, store } = parts;
  const seen = await store.transaction((uow) => look(uow, id));
  if (seen === undefined) return;
  const { attempt, publicKey } = seen;
  const graceMs = seen.lease.graceSeconds * 1000;
  const { usage } = attempt;
  if (usage !== null) {
    const reported = Number(usage.endedAtMs) - Number(usage.startedAtMs) - Number(usage.frozenMs);
    await store.transaction(async (uow) => {
      const lease = await uow.leases.lock(id);
      if (lease === undefined || lease.state !== "open" || lease.noteOver !== null) return;
      await pay(parts, uow, lease, seen.chain, finalServedMs(lease, reported, graceMs), true);
    });
    return;
  }
  if (attempt.state !== "running" && attempt.state !== "frozen") return;
  // The probe proves that the sandbox answered after it was sent.
  const monotonicMs = context.clock.monotonic();
  const at = context.clock.now();
  if (!due(seen.lease, parts.run, monotonicMs, at)) return;
  const answer = await answerOf(parts, seen.lease, publicKey);
  if (answer === undefined) return;
  await store.transaction(async (uow) => {
    const locked = await uow.leases.lock(id);
    if (locked === undefined || locked.state !== "open" || locked.noteOver !== null) return;
    const chainSeconds = Number((await uow.chain.progress()).headTime);
    const lease = withAnswer(locked, { at, by: parts.run, monotonicMs, chainSeconds }, answer.frozen);
    await pay(parts, uow, lease, seen.chain, lease.provenMs, false);
  });
}
