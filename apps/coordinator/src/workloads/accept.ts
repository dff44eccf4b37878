import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import { move } from "@corepool/core/transitions";
import { WORKLOAD } from "@corepool/core/workload";
import { leaseId, orderData, structHash } from "@corepool/protocol/eip712";
import { accountOf, type LedgerAccount, nonceIsFree } from "@corepool/protocol/market/reads";
import { LEASES_WAKE } from "../leases/topics.ts";
import { UNPAID } from "../leases/unpaid.ts";
import { readMandate } from "../mandates/reads.ts";
import { lower, type MarketContext, secondsOf } from "../market/context.ts";
import type { Lease, PlacedOffer, Uow, Workload } from "../market/documents.ts";
import { moveWorkload } from "./moves.ts";
import { type Acceptance, checkAcceptance } from "./order-checks.ts";
import { ownWorkload } from "./own.ts";

function gone(detail: string): CorepoolError {
  return new CorepoolError("offer-gone", {
    detail,
    next: "Place the workload again: POST /v1/workloads/{id}/placement.",
  });
}

function refused(code: string, detail: string, next: string, data?: Record<string, unknown>): CorepoolError {
  return new CorepoolError(code, { detail, next, ...(data === undefined ? {} : { data }) });
}

/** The order's replay protection, as the contract has it and with the orders that are still on their way. */
function checkNonce(acceptance: Acceptance, ledger: LedgerAccount, waiting: readonly number[]): void {
  const { order } = acceptance;
  const counter = Math.max(1, ledger.counter);
  if (order.counter !== counter) {
    throw refused(
      "order-replayed",
      `The order carries counter ${order.counter}; the account's is ${counter}.`,
      "Sign with the counter of GET /v1/account.",
      { counter },
    );
  }
  if (!nonceIsFree(ledger, order.nonce) || waiting.includes(order.nonce)) {
    throw refused(
      "order-replayed",
      `The nonce ${order.nonce} was used before, or is too old.`,
      "Sign with the nextNonce of GET /v1/account.",
      { nextNonce: Math.max(ledger.top, ...waiting) + 1 },
    );
  }
}

/** The account's cash must cover the escrow beside what is on its way. */
async function checkFunds(uow: Uow, ledger: LedgerAccount, placed: PlacedOffer, client: Hex): Promise<void> {
  const token = lower(placed.signed.offer.token);
  const free = ledger.cash - (await uow.leases.inFlight(token, client));
  if (free >= placed.escrow) return;
  throw refused(
    "insufficient-funds",
    `The lease needs ${placed.escrow} base units in escrow and ${free < 0n ? 0n : free} are free.`,
    "Deposit on the market's ledger, or ask for a shorter duration or a cheaper unit.",
    { token, needed: String(placed.escrow), free: String(free), missing: String(placed.escrow - free) },
  );
}

/** The unit must still be free for the very lease that the order was signed for. */
async function checkStillFree(uow: Uow, context: MarketContext, placed: PlacedOffer): Promise<readonly string[]> {
  const now = secondsOf(context.clock);
  const state = await uow.offers.get(placed.offerId);
  if (state === undefined) throw gone("The provider has withdrawn the offer.");
  if (state.expiry < now) throw gone("The offer has expired.");
  if (!state.online) throw gone("The machine is offline.");
  // Two units of a machine may share devices: look at all its leases under the machine's lock.
  await uow.machines.lock(state.machine);
  const taken = (await uow.leases.holding(state.machine)).some((lease) =>
    lease.devices.some((device) => state.devices.includes(device)),
  );
  const slot = await uow.chain.unit(state.provider, state.unit);
  if (taken || slot.lease !== null || slot.nextSeq !== placed.leaseSeq) throw gone("The unit went to another lease.");
  return state.devices;
}

/** What accepting needs to know of the chain; read before the transaction begins. */
export async function readLedger(context: MarketContext, acceptance: Acceptance): Promise<LedgerAccount> {
  const { order, mandate } = acceptance;
  const ledger = await accountOf(context.chain, context.domain.market, order.token, order.client);
  if (mandate === undefined) return ledger;
  // Orders under a mandate use the mandate's own nonces.
  const { top, window } = await readMandate(context, mandate.evidence.mandate);
  return { ...ledger, top, window };
}

/**
 * Accepts the placed offer: the workload is `ordered` and its lease waits for the relay. The order must be the client's
 * (or a mandate's) and accept exactly what was placed; what is not acceptable changes nothing. Repeating the same order
 * changes nothing either.
 */
export async function acceptPlacement(
  uow: Uow,
  context: MarketContext,
  account: Hex,
  id: string,
  acceptance: Acceptance,
  ledger: LedgerAccount,
  reserveSpend: (amount: bigint) => Promise<void>,
): Promise<Workload> {
  const workload = await ownWorkload(uow, account, id, true);
  const { order } = acceptance;
  const orderHash = structHash(orderData(context.domain, order));
  if (workload.lease !== null && (await uow.leases.get(workload.lease))?.orderHash === orderHash) return workload;
  move(WORKLOAD, `Workload ${id}`, workload.state, "ordered");
  if (workload.cancelRequested) throw gone("The workload was cancelled.");
  const { placed } = workload;
  if (placed === null) throw gone("The workload has no placement now.");
  const rate = await checkAcceptance(context, workload, placed, acceptance);
  await uow.lock(`ledger:${account}`);
  const token = lower(order.token);
  const mandateId = acceptance.mandate?.id ?? null;
  checkNonce(acceptance, ledger, await uow.leases.nonces(token, account, mandateId));
  const devices = await checkStillFree(uow, context, placed);
  await checkFunds(uow, ledger, placed, account);
  await reserveSpend(placed.escrow);

  const { offer, spec } = placed.signed;
  const unit = Number(offer.unit);
  const lease: Lease = {
    id: lower(leaseId(context.domain, offer.provider, BigInt(offer.unit), placed.leaseSeq)),
    workload: id,
    client: account,
    mandate: mandateId,
    machine: lower(spec.machine as Hex),
    provider: lower(offer.provider),
    unit,
    seq: placed.leaseSeq,
    devices,
    token,
    state: "ordered",
    rate,
    escrow: placed.escrow,
    durationSeconds: order.duration,
    graceSeconds: offer.grace,
    intervalSeconds: spec.intervalSeconds,
    holdSeconds: spec.holdSeconds,
    key: lower(order.key),
    publicKey: acceptance.leasePublicKey,
    binding: acceptance.binding,
    nonce: order.nonce,
    orderHash: lower(orderHash),
    opening: {
      offer,
      offerSig: placed.signed.signature,
      offerProof: placed.signed.proof,
      order,
      orderSig: acceptance.signature,
      unitProof: acceptance.unitProof,
      ...(acceptance.mandate === undefined ? {} : { mandate: acceptance.mandate.evidence }),
    },
    ...UNPAID,
    createdAt: context.clock.now(),
  };
  await uow.leases.put(lease);
  await uow.wake(LEASES_WAKE);
  return moveWorkload(uow, context.clock, workload, "ordered", { lease: lease.id, detail: null, reason: null });
}
