import type { Address } from "@corepool/core/hex";
import type { Accounts } from "../accounts/accounts.ts";
import type { Faucet } from "../faucet/faucet.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Config } from "../platform/config.ts";
import type { Tx } from "../platform/database/database.ts";
import type { Platform } from "../platform/parts.ts";
import type { MarketContext } from "./context.ts";
import type { MarketStore, Uow } from "./documents.ts";

/** What the routes of the market share. */
export interface MarketParts {
  readonly platform: Pick<Platform, "clock" | "events" | "notifier"> & {
    readonly config: Pick<Config, "publicRpcUrl">;
    readonly deployment: Pick<Platform["deployment"], "leaseMarket" | "unitRegistry" | "accessManager" | "gpToken">;
    readonly accounts: Pick<Accounts, "reserveSpend">;
  };
  readonly context: MarketContext;
  readonly store: MarketStore;
  /** Runs work in one transaction that a route's stored answer joins. */
  readonly transact: <T>(work: (uow: Uow, tx: Tx) => Promise<T>) => Promise<T>;
  readonly gateway: Gateway;
  /** Where test funds come from, on a local market. */
  readonly faucet?: Pick<Faucet, "view">;
  /** The account that signs under mandates and relays. */
  readonly operator: Address;
}

/** Runs work in one transaction that a route's stored answer joins. */
export function inTransaction<T>(parts: MarketParts, work: (uow: Uow, tx: Tx) => Promise<T>): Promise<T> {
  return parts.transact(work);
}
