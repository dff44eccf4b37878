import type { MarketDocuments, OnChain } from "@corepool/coordinator/market/documents";
import type {
  ChainAccount,
  ChainProgress,
  ChainProjection,
  ChainUnit,
  FeeCollection,
} from "@corepool/core/ports/store-leases";
import type { SimTransaction } from "./database.ts";

interface UndoRow {
  readonly block: bigint;
  readonly key: string;
  readonly before: unknown;
}

const START: ChainProgress = { head: 0n, headTime: 0n, finalized: 0n };

/** What the chain's events add up to, in memory, with what stood there before each block. */
export function simProjection(tx: SimTransaction): ChainProjection<MarketDocuments> {
  const nameOf = (kind: string, key: string) => `${kind}/${key.toLowerCase()}`;
  const get = async <T>(kind: string, key: string): Promise<T | undefined> => {
    await tx.statement();
    return tx.get<T>("chain_facts", nameOf(kind, key));
  };
  const put = async (block: bigint, kind: string, key: string, value: unknown): Promise<void> => {
    const name = nameOf(kind, key);
    const before = await get(kind, key);
    const undo: UndoRow = { block, key: name, before };
    await tx.write("chain_facts_undo", String(tx.next("chain_facts_undo")).padStart(12, "0"), undo);
    await tx.write("chain_facts", name, value);
  };
  return {
    lease: (id) => get<OnChain>("lease", id),
    putLease: (block, lease) => put(block, "lease", lease.id, lease),
    unit: async (provider, unit) =>
      (await get<ChainUnit>("unit", `${provider}:${unit}`)) ?? { nextSeq: 0, lease: null },
    putUnit: (block, provider, unit, state) => put(block, "unit", `${provider}:${unit}`, state),
    account: async (token, account) =>
      (await get<ChainAccount>("account", `${token}:${account}`)) ?? { cash: 0n, escrowed: 0n },
    putAccount: (block, token, account, state) => put(block, "account", `${token}:${account}`, state),
    mandate: async (hash) => (await get("mandate", hash)) ?? { committed: 0n, revoked: false },
    putMandate: (block, hash, state) => put(block, "mandate", hash, state),
    async putFees(collection) {
      await tx.statement();
      const key = `${collection.token}:${collection.block}:${collection.logIndex}`;
      if (tx.get("fee_collections", key) !== undefined) throw new Error(`duplicate key: fees ${key}`);
      await tx.write("fee_collections", key, collection);
    },
    async feesAfter(token, block) {
      await tx.statement();
      const found = tx
        .rows<FeeCollection>("fee_collections")
        .map(([, row]) => row)
        .filter((row) => row.token === token && row.block >= block);
      return found.sort((a, b) => (a.block === b.block ? a.logIndex - b.logIndex : a.block < b.block ? -1 : 1))[0];
    },
    async undo(from) {
      await tx.statement();
      const rows = tx.rows<UndoRow>("chain_facts_undo").filter(([, row]) => row.block >= from);
      const leases = new Set<`0x${string}`>();
      for (const [seq, { key, before }] of rows.sort(([a], [b]) => (a > b ? -1 : 1))) {
        await tx.write("chain_facts", key, before);
        await tx.write("chain_facts_undo", seq, undefined);
        if (key.startsWith("lease/")) leases.add(key.slice("lease/".length) as `0x${string}`);
      }
      for (const [key, row] of tx.rows<FeeCollection>("fee_collections")) {
        if (row.block >= from) await tx.write("fee_collections", key, undefined);
      }
      return [...leases];
    },
    async forget(block) {
      await tx.statement();
      for (const [seq, row] of tx.rows<UndoRow>("chain_facts_undo")) {
        if (row.block <= block) await tx.write("chain_facts_undo", seq, undefined);
      }
    },
    async progress() {
      await tx.statement();
      return tx.get<ChainProgress>("chain_progress", "only") ?? START;
    },
    async putProgress(progress) {
      await tx.statement();
      await tx.write("chain_progress", "only", progress);
    },
  };
}
