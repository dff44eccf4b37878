import { codeOf } from "@corepool/core/errors";
import type { Address, Hex } from "@corepool/core/hex";
import type { Signer } from "@corepool/core/ports/signer";
import {
  documentHash,
  leaseId,
  mandatedOrderData,
  providerTree,
  unitLeaf,
  workloadBindingData,
} from "@corepool/protocol/eip712";
import { accountOf } from "@corepool/protocol/market/reads";
import type { OrderMessage } from "@corepool/protocol/spec";
import { zeroAddress, zeroHash } from "viem";
import { lower, type MarketContext, secondsOf } from "../market/context.ts";
import type { Mandate, MarketStore, PlacedOffer, Uow, Workload } from "../market/documents.ts";
import { acceptPlacement } from "../workloads/accept.ts";
import { moveWorkload } from "../workloads/moves.ts";
import type { Acceptance } from "../workloads/order-checks.ts";
import { chooseOffer } from "../workloads/place.ts";
import { checkCovers, checkInForce, exceeded } from "./coverage.ts";
import type { LeaseKeys } from "./lease-keys.ts";
import { readMandate } from "./reads.ts";

export interface OperatorParts {
  readonly context: MarketContext;
  readonly store: MarketStore;
  readonly operator: Signer;
  readonly keys: LeaseKeys;
}

/** An order is good for so long; its transaction takes seconds. */
const ORDER_SECONDS = 300;

/** The order that accepts a placed offer, signed by the operator within the mandate. */
async function orderUnder(
  parts: OperatorParts,
  uow: Uow,
  workload: Workload,
  placed: PlacedOffer,
  mandate: Mandate,
): Promise<{ readonly acceptance: Acceptance; readonly ledger: Awaited<ReturnType<typeof accountOf>> }> {
  const { context, operator, keys } = parts;
  const { offer } = placed.signed;
  const terms = mandate.mandate;
  const slot = await readMandate(context, terms);
  const ledger = await accountOf(context.chain, context.domain.market, offer.token, workload.account);
  checkInForce(context, mandate, { slot, counter: ledger.counter });
  await checkCovers(uow, context, mandate, placed, slot);
  const waiting = await uow.leases.nonces(lower(offer.token), workload.account, mandate.id);
  const nonce = Math.max(slot.top, mandate.nextNonce - 1, ...waiting) + 1;
  const lease = lower(leaseId(context.domain, offer.provider, BigInt(offer.unit), placed.leaseSeq));
  const key = keys.of(workload.id, lease);
  const order: OrderMessage = {
    client: workload.account,
    token: offer.token,
    maxRate: offer.rate,
    bid: "0",
    maxEscrow: String(placed.escrow),
    duration: workload.spec.durationSeconds,
    key: key.address,
    units: unitLeaf(offer.provider, BigInt(offer.unit)),
    expiry: secondsOf(context.clock) + ORDER_SECONDS,
    nonce,
    counter: terms.counter,
    gang: "0",
    funder: zeroAddress,
    fundingRef: zeroHash,
  };
  await uow.mandates.put({ ...mandate, nextNonce: nonce + 1 });
  return {
    ledger: { ...ledger, top: slot.top, window: slot.window },
    acceptance: {
      order,
      signature: await operator.signTypedData(mandatedOrderData(context.domain, terms, order)),
      leasePublicKey: key.publicKey,
      binding: await key.sign(
        workloadBindingData(context.domain, workload.account, key.address, documentHash(workload.spec)),
      ),
      unitProof: [],
      mandate: {
        id: mandate.id,
        evidence: { mandate: terms, sig: mandate.signature, proof: proofFor(mandate, offer.provider) },
      },
    },
  };
}

/** Shows the chain that a mandate's list names the provider; nothing to show for a mandate without a list. */
function proofFor({ providers }: Mandate, provider: Address): readonly Hex[] {
  if (providers.length === 0) return [];
  const proof = providerTree(providers).proofs[providers.indexOf(lower(provider))];
  if (proof === undefined) throw exceeded("its list of providers lacks this one");
  return proof;
}

/** Orders that a new placement may help; everything else needs the client. */
const PLACE_AGAIN: ReadonlySet<string> = new Set(["offer-gone"]);

/**
 * Accepts the placement of a pending workload that its client submitted under a mandate. What the mandate, the client's
 * cash or the market does not allow ends the workload with the reason.
 */
export async function orderUnderMandate(parts: OperatorParts, id: string): Promise<void> {
  const { context, store } = parts;
  const attempt = (again: boolean): Promise<void> =>
    store.transaction(async (uow) => {
      let workload = await uow.workloads.lock(id);
      if (workload === undefined || workload.state !== "pending" || workload.mandate === null) return;
      const mandate = await uow.mandates.lock(workload.mandate);
      if (mandate === undefined) return;
      if (again || workload.placed === null) {
        workload = { ...workload, placed: await chooseOffer(uow, context, workload), placedAt: context.clock.now() };
        await uow.workloads.put(workload);
      }
      if (workload.placed === null) return;
      const { acceptance, ledger } = await orderUnder(parts, uow, workload, workload.placed, mandate);
      // The cap of an API key was counted when the workload was submitted.
      await acceptPlacement(uow, context, workload.account, id, acceptance, ledger, () => Promise.resolve());
    });
  const fail = (error: unknown): Promise<void> => {
    const code = codeOf(error);
    if (code === undefined || code === "chain-unavailable") throw error;
    return store.transaction(async (uow) => {
      const workload = await uow.workloads.lock(id);
      if (workload?.state !== "pending") return;
      const detail = error instanceof Error ? error.message : null;
      await moveWorkload(uow, context.clock, workload, "failed", { reason: code, detail });
    });
  };
  try {
    await attempt(false);
  } catch (error) {
    if (!PLACE_AGAIN.has(codeOf(error) ?? "")) return fail(error);
    await attempt(true).catch(fail);
  }
}
