import { codeOf } from "@corepool/core/errors";
import type { ChainWriter } from "@corepool/core/ports/chain";
import { collectFeesCalldata, finalizeCloseCalldata, settleCalldata } from "@corepool/protocol/market/calldata";
import { feesOf } from "@corepool/protocol/market/reads";
import { HEARTBEAT_SECONDS } from "../gateway/agent-connection.ts";
import { machinesGone } from "../machines/presence.ts";
import { type MarketContext, secondsOf } from "../market/context.ts";
import type { MarketStore } from "../market/documents.ts";
import { moveWorkload } from "../workloads/moves.ts";

export interface UpkeepParts {
  readonly context: MarketContext;
  readonly store: MarketStore;
  readonly writer: ChainWriter;
}

/** Missed signs of life after which a machine counts as offline. */
const MISSED = 3;
/** The chain's clock may be so far behind ours. */
const MARGIN_SECONDS = 5;

/** For so long after the window a payment that is refused is tried again before the lease ends without it. */
const REFUSED_SECONDS = 60;

/** Machines that have not been heard of are offline. */
export async function expireMachines({ context, store }: UpkeepParts): Promise<void> {
  const now = context.clock.now();
  await store.transaction((uow) => machinesGone(uow, now - MISSED * HEARTBEAT_SECONDS * 1000, now));
}

/** A placed workload that its client does not order for so long has been left behind. */
const ABANDONED_MS = 3_600_000;

/** Ends workloads that were placed and never ordered. */
export async function expireWorkloads({ context, store }: UpkeepParts): Promise<void> {
  const before = context.clock.now() - ABANDONED_MS;
  for (const id of await store.transaction((uow) => uow.workloads.abandoned(before, 100))) {
    await store.transaction(async (uow) => {
      const workload = await uow.workloads.lock(id);
      if (workload?.state !== "pending" || (workload.placedAt ?? 0) >= before) return;
      await moveWorkload(uow, context.clock, workload, "failed", {
        reason: "order-expired",
        detail: "No order came for its placement.",
      });
    });
  }
}

/** Resolves with whether it was mined and did what it should. */
async function sendUnlessRefused(writer: ChainWriter, request: Parameters<ChainWriter["send"]>[0]): Promise<boolean> {
  try {
    return (await writer.send(request)).status === "success";
  } catch (error) {
    // Somebody else was first, or it is too early by the chain's own clock: the next round sees.
    if (codeOf(error) !== "call-reverted") throw error;
    return false;
  }
}

/**
 * Ends leases that nobody ends: past their end and the close window, or past a requested close. The provider first gets
 * what the client's last note owes him; the rest goes back to the client, who need not do anything for it.
 */
export async function finalizeOverdue({ context, store, writer }: UpkeepParts): Promise<void> {
  const now = secondsOf(context.clock) - MARGIN_SECONDS;
  const overdue = await store.transaction(async (uow) => {
    const leases = await uow.leases.overdue(now - context.closeWindowSeconds, now);
    return Promise.all(leases.map(async (lease) => ({ lease, chain: await uow.chain.lease(lease.id) })));
  });
  const to = context.domain.market;
  for (const { lease, chain } of overdue) {
    if (chain?.live !== true || chain.orderHash !== lease.orderHash) continue;
    const { terms } = chain;
    // A refusal is final for its name: the total that the chain shows as paid and the minute tell rounds apart.
    const round = `${terms.paid}:${Math.floor(now / 60)}`;
    if (lease.noteTotal > chain.paid && lease.noteSignature !== null) {
      const total = lease.noteTotal;
      const data = settleCalldata({ terms, total, noteSig: lease.noteSignature, closeSig: "0x" });
      const paid = await sendUnlessRefused(writer, { intent: `pay:${lease.id}:${total}:${round}`, to, data });
      // Once it is paid, a later round ends the lease by what the chain then shows. A refusal may come from a window
      // that is not quite over: it costs the provider his money only when it lasts.
      const final = Math.min(terms.end + context.closeWindowSeconds, terms.closeAt === 0 ? Infinity : terms.closeAt);
      if (paid || now < final + REFUSED_SECONDS) continue;
    }
    const intent = `finalize:${lease.id}:${round}`;
    await sendUnlessRefused(writer, { intent, to, data: finalizeCloseCalldata(terms) });
  }
}

/**
 * Burns the burn share of accrued GP fees and sends the rest to the sink. Resolves with whether there were any: then it
 * is worth looking again.
 */
export async function collectFees({ context, store, writer }: UpkeepParts): Promise<boolean> {
  let found = false;
  for (const token of context.tokens) {
    if (token.burnBps === 0) continue;
    if ((await feesOf(context.chain, context.domain.market, token.address)) === 0n) continue;
    found = true;
    const { head } = await store.transaction((uow) => uow.chain.progress());
    await sendUnlessRefused(writer, {
      intent: `fees:${token.address}:${head}`,
      to: context.domain.market,
      data: collectFeesCalldata(token.address),
    });
  }
  return found;
}
