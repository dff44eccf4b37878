import type { Address, Hex } from "@corepool/core/hex";
import { type Account, UNTOUCHED } from "./ledger.ts";

/** What a unit's slot holds: the seq of its next lease, or the hash of the live terms. */
export type Slot =
  | { readonly seq: number }
  | { readonly terms: Hex /** What is left in escrow. */; readonly escrow: bigint };

/** Where the market stands and what it is made of. */
export interface MarketPlace {
  readonly chainId: number;
  readonly market: Address;
  readonly gp: Address;
  readonly feeBps: number;
  readonly burnBps: number;
  readonly closeWindow: number;
  readonly feeSink: Address;
}

const IDLE: Slot = { seq: 0 };

/** The storage of LeaseMarket and of its token, as it stands after one block. Copied for every block, so that blocks can go. */
export class MarketState {
  readonly #ledger: Map<string, Account>;
  readonly #units: Map<string, Slot>;
  readonly #mandates: Map<string, Account>;
  readonly #wallets: Map<string, bigint>;
  fees: bigint;
  burned: bigint;

  constructor(from?: MarketState) {
    this.#ledger = new Map(from === undefined ? [] : from.#ledger);
    this.#units = new Map(from === undefined ? [] : from.#units);
    this.#mandates = new Map(from === undefined ? [] : from.#mandates);
    this.#wallets = new Map(from === undefined ? [] : from.#wallets);
    this.fees = from?.fees ?? 0n;
    this.burned = from?.burned ?? 0n;
  }

  account(address: Address): Account {
    return this.#ledger.get(address.toLowerCase()) ?? UNTOUCHED;
  }

  setAccount(address: Address, account: Account): void {
    this.#ledger.set(address.toLowerCase(), account);
  }

  slot(provider: Address, unit: bigint): Slot {
    return this.#units.get(`${provider.toLowerCase()}:${unit}`) ?? IDLE;
  }

  setSlot(provider: Address, unit: bigint, slot: Slot): void {
    this.#units.set(`${provider.toLowerCase()}:${unit}`, slot);
  }

  mandate(hash: Hex): Account {
    return this.#mandates.get(hash.toLowerCase()) ?? UNTOUCHED;
  }

  setMandate(hash: Hex, account: Account): void {
    this.#mandates.set(hash.toLowerCase(), account);
  }

  wallet(address: Address): bigint {
    return this.#wallets.get(address.toLowerCase()) ?? 0n;
  }

  setWallet(address: Address, amount: bigint): void {
    this.#wallets.set(address.toLowerCase(), amount);
  }

  /** All cash on the ledger. */
  get cash(): bigint {
    return [...this.#ledger.values()].reduce((sum, { cash }) => sum + cash, 0n);
  }

  /** All that is in escrow. */
  get escrow(): bigint {
    return [...this.#units.values()].reduce((sum, slot) => sum + ("terms" in slot ? slot.escrow : 0n), 0n);
  }

  accounts(): IterableIterator<[string, Account]> {
    return this.#ledger.entries();
  }

  slots(): IterableIterator<[string, Slot]> {
    return this.#units.entries();
  }
}
