import type { Address, Hex } from "@corepool/core/hex";
import type { MarketEvent } from "@corepool/protocol/market/events";
import { termsAfter } from "@corepool/protocol/market/events";
import { zeroAddress } from "viem";
import { lower } from "./context.ts";
import type { OnChain, Uow } from "./documents.ts";

/** Whether an event gave a lease terms that its agent has not seen. */
export interface Touched {
  readonly lease: Hex;
  readonly newTerms: boolean;
}

/**
 * Takes one event of LeaseMarket into the projection. It looks at the event and the projection alone, so replaying a
 * history always gives the same rows. Returns the lease that changed.
 */
export async function project(uow: Uow, event: MarketEvent): Promise<Touched | undefined> {
  const { chain } = uow;
  const block = event.place.blockNumber;

  /** Adds to an account's cash and escrow. */
  const book = async (token: Address, account: Address, cash: bigint, escrowed = 0n) => {
    const before = await chain.account(token, account);
    await chain.putAccount(block, token, account, {
      cash: before.cash + cash,
      escrowed: before.escrowed + escrowed,
    });
  };
  /** Changes a known lease. An unknown one cannot be: its opening comes first in every history. */
  const change = async (id: Hex, newTerms: boolean, edit: (lease: OnChain) => Promise<OnChain>): Promise<Touched> => {
    const before = await chain.lease(id);
    if (before === undefined) throw new Error(`the chain speaks of lease ${id} before it opened`);
    await chain.putLease(block, await edit({ ...before, terms: termsAfter(before.terms, event) }));
    return { lease: lower(id), newTerms };
  };

  switch (event.name) {
    case "Deposited":
      await book(event.args.token, event.args.account, event.args.amount);
      return undefined;
    case "Withdrawn":
      await book(event.args.token, event.args.account, -event.args.amount);
      return undefined;
    case "CreditFunded":
      await book(event.args.token, event.args.funder, -event.args.amount);
      return undefined;
    case "CreditUnfunded":
      await book(event.args.token, event.args.funder, event.args.amount);
      return undefined;
    case "LeaseOpened": {
      const { lease, terms, orderHash } = event.args;
      const escrow = BigInt(terms.escrow);
      await chain.putLease(block, {
        id: lower(lease),
        terms,
        orderHash: lower(orderHash),
        live: true,
        client: lower(terms.client),
        token: lower(terms.token),
        payTo: lower(terms.payTo === zeroAddress ? terms.provider : terms.payTo),
        funded: false,
        escrow,
        paid: 0n,
        fee: 0n,
        refund: null,
        reason: null,
        openTx: event.place.transactionHash,
        openBlock: block,
        closeTx: null,
        closeBlock: null,
      });
      await chain.putUnit(block, terms.provider, Number(terms.unit), { nextSeq: terms.seq, lease: lower(lease) });
      await book(terms.token, terms.client, -escrow, escrow);
      return { lease: lower(lease), newTerms: true };
    }
    case "LeaseFunded":
      return change(event.args.lease, true, async (lease) => {
        // The escrow came out of the funder's credit, not out of the client's cash.
        await book(lease.token, lease.client, lease.escrow, -lease.escrow);
        return { ...lease, funded: true };
      });
    case "LeaseToppedUp":
      return change(event.args.lease, true, async (lease) => {
        const more = event.args.escrow - lease.escrow;
        if (!lease.funded) await book(lease.token, lease.client, -more, more);
        return { ...lease, escrow: event.args.escrow };
      });
    case "CloseRequested":
      return change(event.args.lease, true, async (lease) => lease);
    case "LeaseSettled": {
      const { total, amount, fee } = event.args;
      return change(event.args.lease, false, async (lease) => {
        await book(lease.token, lease.payTo, amount);
        if (!lease.funded) await book(lease.token, lease.client, 0n, lease.paid - total);
        return { ...lease, paid: total, fee: lease.fee + fee };
      });
    }
    case "LeaseClosed": {
      const { paid, fee, refund, reason } = event.args;
      return change(event.args.lease, false, async (lease) => {
        // The last step has no LeaseSettled of its own: what is paid beyond the steps before is in this event.
        const last = paid - lease.paid;
        await book(lease.token, lease.payTo, last - fee);
        if (!lease.funded) await book(lease.token, lease.client, refund, -(refund + last));
        const { provider, unit, seq } = lease.terms;
        await chain.putUnit(block, provider, Number(unit), { nextSeq: seq + 1, lease: null });
        const closeTx = event.place.transactionHash;
        return { ...lease, live: false, paid, fee: lease.fee + fee, refund, reason, closeTx, closeBlock: block };
      });
    }
    case "MandateUsed": {
      const before = await chain.mandate(event.args.mandate);
      await chain.putMandate(block, event.args.mandate, { ...before, committed: event.args.committed });
      return undefined;
    }
    case "MandateRevoked": {
      const before = await chain.mandate(event.args.mandate);
      await chain.putMandate(block, event.args.mandate, { ...before, revoked: true });
      return undefined;
    }
    case "FeesCollected":
      await chain.putFees({
        token: lower(event.args.token),
        block,
        logIndex: event.place.logIndex,
        transaction: event.place.transactionHash,
        burned: event.args.burned,
        sunk: event.args.sunk,
      });
      return undefined;
    default:
      return undefined;
  }
}
