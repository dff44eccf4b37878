import type { Hex } from "@corepool/core/hex";
import type { ChainAccount, ChainProjection, ChainUnit, FeeCollection } from "@corepool/core/ports/store-leases";
import type { Tx } from "../platform/database/database.ts";
import type { MarketDocuments, OnChain } from "./documents.ts";

type Kind = "lease" | "unit" | "account" | "mandate";
type Stored<T> = {
  readonly [K in keyof T]: T[K] extends bigint ? string : T[K] extends bigint | null ? string | null : T[K];
};

/** Bigints travel through JSON as decimal strings. */
const toJson = (value: object): string =>
  JSON.stringify(value, (_, field: unknown) => (typeof field === "bigint" ? field.toString() : field));

const IDLE: ChainUnit = { nextSeq: 0, lease: null };
const EMPTY: ChainAccount = { cash: 0n, escrowed: 0n };

/** What the chain's events add up to, on PostgreSQL. */
export function projectionRepository(tx: Tx): ChainProjection<MarketDocuments> {
  async function get<T>(kind: Kind, key: string): Promise<Stored<T> | undefined> {
    const row = await tx
      .selectFrom("chain_facts")
      .select("value")
      .where("kind", "=", kind)
      .where("key", "=", key.toLowerCase())
      .executeTakeFirst();
    return row?.value as Stored<T> | undefined;
  }

  async function put(block: bigint, kind: Kind, name: string, value: object): Promise<void> {
    const key = name.toLowerCase();
    const before = await get(kind, key);
    await tx
      .insertInto("chain_facts_undo")
      .values({ block, kind, key, before: before === undefined ? null : JSON.stringify(before) })
      .execute();
    const json = toJson(value);
    await tx
      .insertInto("chain_facts")
      .values({ kind, key, value: json })
      .onConflict((conflict) => conflict.columns(["kind", "key"]).doUpdateSet({ value: json }))
      .execute();
  }

  const feeFromRow = (row: {
    token: Hex;
    block: bigint;
    log_index: bigint;
    transaction: Hex;
    burned: bigint;
    sunk: bigint;
  }): FeeCollection => ({
    token: row.token,
    block: row.block,
    logIndex: Number(row.log_index),
    transaction: row.transaction,
    burned: row.burned,
    sunk: row.sunk,
  });

  return {
    async lease(id) {
      const found = await get<OnChain>("lease", id);
      if (found === undefined) return undefined;
      return {
        ...found,
        escrow: BigInt(found.escrow),
        paid: BigInt(found.paid),
        fee: BigInt(found.fee),
        refund: found.refund === null ? null : BigInt(found.refund),
        openBlock: BigInt(found.openBlock),
        closeBlock: found.closeBlock === null ? null : BigInt(found.closeBlock),
      };
    },
    putLease: (block, lease) => put(block, "lease", lease.id, lease),
    async unit(provider, unit) {
      return (await get<ChainUnit>("unit", `${provider}:${unit}`)) ?? IDLE;
    },
    putUnit: (block, provider, unit, state) => put(block, "unit", `${provider}:${unit}`, state),
    async account(token, account) {
      const found = await get<ChainAccount>("account", `${token}:${account}`);
      return found === undefined ? EMPTY : { cash: BigInt(found.cash), escrowed: BigInt(found.escrowed) };
    },
    putAccount: (block, token, account, state) => put(block, "account", `${token}:${account}`, state),
    async mandate(hash) {
      const found = await get<{ committed: bigint; revoked: boolean }>("mandate", hash);
      return found === undefined
        ? { committed: 0n, revoked: false }
        : { committed: BigInt(found.committed), revoked: found.revoked };
    },
    putMandate: (block, hash, state) => put(block, "mandate", hash, state),
    async putFees(collection) {
      await tx
        .insertInto("fee_collections")
        .values({
          token: collection.token,
          block: collection.block,
          log_index: BigInt(collection.logIndex),
          transaction: collection.transaction,
          burned: collection.burned,
          sunk: collection.sunk,
        })
        .execute();
    },
    async feesAfter(token, block) {
      const row = await tx
        .selectFrom("fee_collections")
        .selectAll()
        .where("token", "=", token)
        .where("block", ">=", block)
        .orderBy("block")
        .orderBy("log_index")
        .limit(1)
        .executeTakeFirst();
      return row && feeFromRow(row);
    },
    async undo(from) {
      const rows = await tx
        .deleteFrom("chain_facts_undo")
        .where("block", ">=", from)
        .returning(["seq", "kind", "key", "before"])
        .execute();
      rows.sort((a, b) => (a.seq > b.seq ? -1 : 1));
      for (const { kind, key, before } of rows) {
        if (before === null) {
          await tx.deleteFrom("chain_facts").where("kind", "=", kind).where("key", "=", key).execute();
        } else {
          await tx
            .updateTable("chain_facts")
            .set({ value: JSON.stringify(before) })
            .where("kind", "=", kind)
            .where("key", "=", key)
            .execute();
        }
      }
      await tx.deleteFrom("fee_collections").where("block", ">=", from).execute();
      return [...new Set(rows.filter((row) => row.kind === "lease").map((row) => row.key as Hex))];
    },
    async forget(block) {
      await tx.deleteFrom("chain_facts_undo").where("block", "<=", block).execute();
    },
    async progress() {
      const row = await tx.selectFrom("chain_progress").selectAll().executeTakeFirst();
      return { head: row?.head ?? 0n, headTime: row?.head_time ?? 0n, finalized: row?.finalized ?? 0n };
    },
    async putProgress({ head, headTime, finalized }) {
      const values = { head, head_time: headTime, finalized };
      await tx
        .insertInto("chain_progress")
        .values({ id: true, ...values })
        .onConflict((conflict) => conflict.column("id").doUpdateSet(values))
        .execute();
    },
  };
}
