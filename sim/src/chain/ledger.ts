import { Reverted } from "./words.ts";

/** A word of the ledger, or of a mandate (`cash` is then what it has committed). `counter` zero: never touched. */
export interface Account {
  readonly cash: bigint;
  readonly counter: number;
  readonly top: number;
  readonly window: bigint;
}

export const UNTOUCHED: Account = { cash: 0n, counter: 0, top: 0, window: 0n };
const MOST = 2n ** 128n - 1n;
const WINDOW = 2n ** 64n - 1n;

/** An untouched account counts as having counter 1. */
export const counterOf = (account: Account): number => Math.max(1, account.counter);

const touched = (account: Account): Account => ({ ...account, counter: counterOf(account) });

export function debit(account: Account, amount: bigint): Account {
  if (account.cash < amount) throw new Reverted("InsufficientCash", account.cash, amount);
  return { ...account, cash: account.cash - amount };
}

export function credit(account: Account, amount: bigint): Account {
  if (account.cash + amount > MOST) throw new Reverted("CashOverflow");
  return touched({ ...account, cash: account.cash + amount });
}

/** Marks a nonce as used: above the top it slides the window of 64, within it is good once, below never. */
export function spend(account: Account, nonce: number): Account {
  const { top, window } = account;
  if (nonce > top) {
    const shift = nonce - top;
    const moved = shift < 64 ? ((window << BigInt(shift)) & WINDOW) | 1n : 1n;
    return touched({ ...account, top: nonce, window: moved });
  }
  const back = top - nonce;
  if (back > 63 || nonce === 0) throw new Reverted("NonceTooOld", nonce);
  if (((window >> BigInt(back)) & 1n) === 1n) throw new Reverted("NonceUsed", nonce);
  return touched({ ...account, window: window | (1n << BigInt(back)) });
}
