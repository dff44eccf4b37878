import type { Address, Hex } from "@corepool/core/hex";
import type { MarketEvent } from "@corepool/protocol/market/events";
import type { LedgerEntry } from "@corepool/protocol/resources";
import { lower } from "../market/context.ts";
import type { OnChain } from "../market/documents.ts";

/** What an event moved for one account: changes of its cash and of its escrow, base units. */
export interface Movement {
  readonly account: Address;
  readonly token: Address;
  readonly kind: LedgerEntry["kind"];
  readonly cash: bigint;
  readonly escrow: bigint;
  readonly lease: Hex | null;
}

/** The lease that an event is about, whose state before the event `movementsOf` needs. */
export function leaseOf(event: MarketEvent): Hex | undefined {
  switch (event.name) {
    case "LeaseFunded":
    case "LeaseToppedUp":
    case "LeaseSettled":
    case "LeaseClosed":
      return lower(event.args.lease);
    default:
      return undefined;
  }
}

/**
 * What an event of LeaseMarket moved. `before`: the lease as it was before the event. Pure; an account's movements add
 * up to what the projection has of it, cash and escrow.
 */
export function movementsOf(event: MarketEvent, before: OnChain | undefined): readonly Movement[] {
  const simple = (token: Address, account: Address, kind: Movement["kind"], cash: bigint): readonly Movement[] => [
    { account: lower(account), token: lower(token), kind, cash, escrow: 0n, lease: null },
  ];
  switch (event.name) {
    case "Deposited":
      return simple(event.args.token, event.args.account, "deposit", event.args.amount);
    case "Withdrawn":
      return simple(event.args.token, event.args.account, "withdrawal", -event.args.amount);
    case "CreditFunded":
      return simple(event.args.token, event.args.funder, "credit", -event.args.amount);
    case "CreditUnfunded":
      return simple(event.args.token, event.args.funder, "credit", event.args.amount);
    case "LeaseOpened": {
      const { terms, lease } = event.args;
      const escrow = BigInt(terms.escrow);
      const [account, token] = [lower(terms.client), lower(terms.token)];
      return [{ account, token, kind: "escrow", cash: -escrow, escrow, lease: lower(lease) }];
    }
    default:
      return before === undefined
        ? []
        : ofLease(event, before).filter(({ cash, escrow }) => cash !== 0n || escrow !== 0n);
  }
}

function ofLease(event: MarketEvent, before: OnChain): readonly Movement[] {
  const { token, id: lease, funded } = before;
  const client = (kind: Movement["kind"], cash: bigint, escrow: bigint): Movement => ({
    account: before.client,
    token,
    kind,
    cash,
    escrow,
    lease,
  });
  /** A step of the payment: the provider's share, and the fee on it. */
  const paid = (share: bigint, fee: bigint): readonly Movement[] => [
    { account: before.payTo, token, kind: "earning", cash: share, escrow: 0n, lease },
    // What a funder's credit pays is not the client's.
    ...(funded ? [] : [client("payment", 0n, -share), client("fee", 0n, -fee)]),
  ];
  switch (event.name) {
    case "LeaseFunded":
      return [client("funded", before.escrow, -before.escrow)];
    case "LeaseToppedUp": {
      const more = event.args.escrow - before.escrow;
      return funded ? [] : [client("escrow", -more, more)];
    }
    case "LeaseSettled":
      return paid(event.args.amount, event.args.total - before.paid - event.args.amount);
    case "LeaseClosed": {
      const { paid: total, fee, refund } = event.args;
      return [...paid(total - before.paid - fee, fee), ...(funded ? [] : [client("refund", refund, -refund)])];
    }
    default:
      return [];
  }
}
