import type { Address } from "@corepool/core/hex";
import { accountOf } from "@corepool/protocol/market/reads";
import { balanceOf } from "@corepool/protocol/market/tokens";
import type { AccountView } from "@corepool/protocol/resources";
import { lower, type MarketContext } from "./context.ts";
import type { MarketStore } from "./documents.ts";

/** Balances as the chain has them now, and the counters with which the account signs next. */
export async function accountView(store: MarketStore, context: MarketContext, account: Address): Promise<AccountView> {
  const { chain, domain, tokens } = context;
  const address = lower(account);
  const ledgers = await Promise.all(
    tokens.map(async (token) => ({
      token,
      ledger: await accountOf(chain, domain.market, token.address, address),
      wallet: await balanceOf(chain, token.address, address),
    })),
  );
  const projected = await store.transaction((uow) =>
    Promise.all(
      tokens.map(async ({ address: token }) => ({
        escrowed: (await uow.chain.account(token, address)).escrowed,
        nonces: await uow.leases.nonces(token, address, null),
      })),
    ),
  );
  return {
    address,
    balances: ledgers.map(({ token, ledger, wallet }, i) => ({
      token: token.address,
      symbol: token.symbol,
      decimals: token.decimals,
      cash: String(ledger.cash),
      escrowed: String(projected[i]?.escrowed ?? 0n),
      wallet: String(wallet),
    })),
    counter: Math.max(1, ...ledgers.map(({ ledger }) => ledger.counter)),
    nextNonce:
      Math.max(0, ...ledgers.map(({ ledger }) => ledger.top), ...projected.flatMap(({ nonces }) => nonces)) + 1,
  };
}
