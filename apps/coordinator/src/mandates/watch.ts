import { codeOf } from "@corepool/core/errors";
import { type Hex, toHex } from "@corepool/core/hex";
import { finalServedMs, noteCap, priceOf, probeAnswered, type Served } from "@corepool/core/payment";
import { leaseOverData, paymentNoteData } from "@corepool/protocol/eip712";
import { probeAnswer } from "@corepool/protocol/probe";

import type { Gateway } from "../gateway/gateway.ts";
import { secondsOf } from "../market/context.ts";
import type { Attempt, Lease, OnChain, Uow } from "../market/documents.ts";
import { takeNote } from "../payments/pay.ts";
import { newestAttempt } from "../workloads/own.ts";
import type { OperatorParts } from "./order.ts";

export interface WatchParts extends OperatorParts {
  readonly gateway: Gateway;
}

const servedOf = (lease: Lease): Served => ({
  provenMs: lease.provenMs,
  lastAnswerAt: lease.lastAnswerAt ?? undefined,
});

/** Signs and hands over the next note of a lease; never more than the chain would pay. */
async function pay(
  parts: WatchParts,
  uow: Uow,
  lease: Lease,
  chain: OnChain,
  served: Served,
  ms: number,
  last: boolean,
): Promise<void> {
  const { context, keys } = parts;
  const { terms } = chain;
  const cap = noteCap(
    { rate: lease.rate, escrow: lease.escrow, start: terms.start, end: terms.end, graceSeconds: terms.grace },
    secondsOf(context.clock),
  );
  const price = priceOf(lease.rate, ms);
  const capped = price < cap ? price : cap;
  const total = capped > lease.noteTotal ? capped : lease.noteTotal;
  const key = keys.of(lease.workload, lease.id);
  const signature = await key.sign(paymentNoteData(context.domain, lease.id, total));
  const over = last ? await key.sign(leaseOverData(context.domain, lease.id, total)) : null;
  const { provenMs, lastAnswerAt } = served;
  await takeNote(uow, context, { ...lease, provenMs, lastAnswerAt: lastAnswerAt ?? null }, { total, signature, over });
}

/** Whether the sandbox behind the lease answers as only it and this watch can. */
async function answers(parts: WatchParts, lease: Lease, providerPublicKey: Hex): Promise<boolean> {
  const nonce = parts.context.random.bytes(32);
  try {
    const { answer } = await parts.gateway.probe(lease.machine, lease.id, `0x${toHex(nonce)}`);
    const key = parts.keys.of(lease.workload, lease.id).probeKey(providerPublicKey, lease.id);
    return answer.toLowerCase() === `0x${toHex(probeAnswer(key, nonce))}`;
  } catch (error) {
    if (codeOf(error) === "machine-unreachable") return false;
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
 * note. Its progress is in the database, so that a restart forgets nothing and gains nothing.
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
      const served = servedOf(lease);
      await pay(parts, uow, lease, seen.chain, served, finalServedMs(served, reported, graceMs), true);
    });
    return;
  }
  const now = context.clock.now();
  const { lastAnswerAt, intervalSeconds } = seen.lease;
  if (attempt.state !== "running" && attempt.state !== "frozen") return;
  if (lastAnswerAt !== null && now - lastAnswerAt < intervalSeconds * 1000) return;
  if (!(await answers(parts, seen.lease, publicKey))) return;
  await store.transaction(async (uow) => {
    const lease = await uow.leases.lock(id);
    if (lease === undefined || lease.state !== "open" || lease.noteOver !== null) return;
    const served = probeAnswered(servedOf(lease), now, graceMs);
    await pay(parts, uow, lease, seen.chain, served, served.provenMs, false);
  });
}
