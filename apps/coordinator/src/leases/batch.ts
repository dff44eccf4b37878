import type { Hex } from "@corepool/core/hex";
import { LEASE } from "@corepool/core/lease";
import type { BatchRecord } from "@corepool/core/ports/store-leases";
import { move } from "@corepool/core/transitions";
import { openCalldata, openManyCalldata, settleCalldata, settleManyCalldata } from "@corepool/protocol/market/calldata";
import type { SettleInput } from "@corepool/protocol/market/structs";
import { concat, keccak256, numberToHex } from "viem";
import type { MarketContext } from "../market/context.ts";
import type { Lease, Uow } from "../market/documents.ts";

/** Most leases in one transaction. */
export const BATCH_SIZE = 100;

const nameOf = (kind: string, parts: readonly Hex[]): string => `${kind}:${keccak256(concat([...parts].sort()))}`;

/** Gathers ordered leases into one opening transaction; undefined when none waits. */
export async function gatherOpenings(uow: Uow, context: MarketContext): Promise<BatchRecord | undefined> {
  const leases = await uow.leases.claim("ordered", BATCH_SIZE);
  const [first] = leases;
  if (first === undefined) return undefined;
  const intent = nameOf(
    "open",
    leases.map((lease) => lease.orderHash),
  );
  const data =
    leases.length === 1
      ? openCalldata(first.opening)
      : openManyCalldata(
          leases.map((lease) => lease.opening),
          false,
        );
  for (const lease of leases) {
    const state = move(LEASE, `Lease ${lease.id}`, lease.state, "opening");
    await uow.leases.put({ ...lease, state, batch: intent, openBatch: intent });
  }
  return keep(uow, context, { intent, kind: "open", data, leases: leases.map((lease) => lease.id) });
}

/** The note that pays a close: the agent's, else the one we hold; none when that much is paid already. */
function noteFor(lease: Lease, close: NonNullable<Lease["close"]>, paid: bigint): Hex {
  if (close.total <= paid) return "0x";
  return close.noteSignature ?? (lease.noteTotal === close.total ? (lease.noteSignature ?? "0x") : "0x");
}

/** Gathers leases with an agreed close into one settlement; undefined when none waits. */
export async function gatherSettlements(uow: Uow, context: MarketContext): Promise<BatchRecord | undefined> {
  const claimed = await uow.leases.claim("closing", BATCH_SIZE);
  const inputs: SettleInput[] = [];
  const leases: Lease[] = [];
  for (const lease of claimed) {
    const chain = await uow.chain.lease(lease.id);
    if (chain?.live !== true || lease.close === null) continue;
    inputs.push({
      terms: chain.terms,
      total: lease.close.total,
      noteSig: noteFor(lease, lease.close, chain.paid),
      closeSig: lease.close.signature,
    });
    leases.push(lease);
  }
  const [first] = inputs;
  if (first === undefined) return undefined;
  const intent = nameOf(
    "settle",
    leases.map((lease) => concat([lease.id, numberToHex(lease.tries, { size: 4 })])),
  );
  for (const lease of leases) await uow.leases.put({ ...lease, batch: intent, tries: lease.tries + 1 });
  const data = inputs.length === 1 ? settleCalldata(first) : settleManyCalldata(inputs, false);
  return keep(uow, context, { intent, kind: "settle", data, leases: leases.map((lease) => lease.id) });
}

async function keep(
  uow: Uow,
  context: MarketContext,
  batch: Pick<BatchRecord, "intent" | "kind" | "data" | "leases">,
): Promise<BatchRecord> {
  const record: BatchRecord = { ...batch, to: context.domain.market, finished: false };
  await uow.batches.put(record);
  return record;
}
