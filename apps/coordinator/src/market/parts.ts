import type { Address } from "@corepool/core/hex";
import type { Gateway } from "../gateway/gateway.ts";
import type { Tx } from "../platform/database/database.ts";
import type { Platform } from "../platform/parts.ts";
import type { MarketContext } from "./context.ts";
import type { MarketStore, Uow } from "./documents.ts";
import { unitOfWork } from "./store.ts";

/** What the routes of the market share. */
export interface MarketParts {
  readonly platform: Platform;
  readonly context: MarketContext;
  readonly store: MarketStore;
  readonly gateway: Gateway;
  /** The account that signs under mandates and relays. */
  readonly operator: Address;
}

/** Runs work in one transaction that a route's stored answer joins. */
export function inTransaction<T>(parts: MarketParts, work: (uow: Uow, tx: Tx) => Promise<T>): Promise<T> {
  const { database, events } = parts.platform;
  return database.transaction((tx) => work(unitOfWork(tx, events), tx));
}
