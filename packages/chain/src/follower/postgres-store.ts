import type { Hex } from "@corepool/core/hex";
import type { SqlDatabase, SqlQuery } from "../sql.ts";
import { type BlockRef, type FollowerState, type KeptBlock, kept } from "./state.ts";
import { CursorMoved, type FollowerStore } from "./store.ts";

/**
 * A follower's store in PostgreSQL (tables of migration.ts). Handlers write through the transaction that they are
 * given; tables that `chain_journal` was called for are undone with their block.
 * @param name of the follower: one word
 * @param origin number of the block before the first to follow; counts on first use only
 */
export function postgresFollowerStore<T extends SqlQuery>(
  database: SqlDatabase<T>,
  name: string,
  origin: bigint,
): FollowerStore<T> {
  if (!/^\w+$/.test(name)) throw new RangeError("a follower's name is one word");

  async function locked(expected: BlockRef, work: (tx: T) => Promise<void>): Promise<void> {
    await database.transaction(async (tx) => {
      const { rows } = await tx.query(
        "select number::text as number, hash from chain_cursor where follower = $1 for update",
        [name],
      );
      const row = rows[0];
      if (row === undefined || BigInt(String(row.number)) !== expected.number || row.hash !== (expected.hash ?? ""))
        throw new CursorMoved();
      await work(tx);
    });
  }

  const move = (tx: T, to: BlockRef, pruned?: bigint) =>
    tx.query(
      "update chain_cursor set number = $2::bigint, hash = $3, pruned = coalesce($4::bigint, pruned) where follower = $1",
      [name, String(to.number), to.hash ?? "", pruned === undefined ? null : String(pruned)],
    );

  const remember = (tx: T, blocks: readonly KeptBlock[]) =>
    tx.query(
      `insert into chain_blocks (follower, number, hash, parent_hash, timestamp, logs_digest)
       select $1, number, hash, "parentHash", timestamp, "logsDigest"
         from jsonb_to_recordset($2::jsonb) as b(number bigint, hash text, "parentHash" text, timestamp bigint, "logsDigest" text)`,
      [name, JSON.stringify(blocks, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))],
    );

  return {
    async load(): Promise<FollowerState> {
      await database.query(
        "insert into chain_cursor (follower, origin, number, hash, pruned) values ($1, $2::bigint, $2::bigint, '', $2::bigint) on conflict (follower) do nothing",
        [name, String(origin)],
      );
      return database.transaction(async (tx) => {
        const cursor = await tx.query(
          "select origin::text as origin, number::text as number, hash, pruned::text as pruned from chain_cursor where follower = $1 for share",
          [name],
        );
        const row = cursor.rows[0] ?? {};
        const hash = String(row.hash);
        return {
          origin: BigInt(String(row.origin)),
          cursor: { number: BigInt(String(row.number)), hash: hash === "" ? undefined : (hash as Hex) },
          pruned: BigInt(String(row.pruned)),
          blocks: await remembered(tx, name),
        };
      });
    },

    advance: (expected, blocks, undoable, apply) =>
      locked(expected, async (tx) => {
        const last = blocks.at(-1);
        if (last === undefined) return;
        for (const block of blocks) {
          if (block.logs.length === 0) continue;
          await note(tx, undoable ? `${name} ${block.header.number} ${block.header.hash}` : "");
          await apply(tx, block);
        }
        await note(tx, "");
        if (!undoable) await tx.query("delete from chain_blocks where follower = $1", [name]);
        await remember(tx, undoable ? blocks.map(kept) : [kept(last)]);
        const { number, hash } = last.header;
        await move(tx, { number, hash }, undoable ? undefined : number);
      }),

    undo: (expected, to, undone) =>
      locked(expected, async (tx) => {
        const gone = (await remembered(tx, name)).filter((block) => block.number > to.number);
        await tx.query("select chain_undo_above($1, $2::bigint)", [name, String(to.number)]);
        await tx.query("delete from chain_blocks where follower = $1 and number > $2::bigint", [
          name,
          String(to.number),
        ]);
        await move(tx, to);
        await undone(tx, gone);
      }),

    prune: (expected, number) =>
      locked(expected, async (tx) => {
        await tx.query("delete from chain_undo where follower = $1 and number <= $2::bigint", [name, String(number)]);
        await tx.query("delete from chain_blocks where follower = $1 and number < $2::bigint", [name, String(number)]);
        await tx.query("update chain_cursor set pruned = $2::bigint where follower = $1", [name, String(number)]);
      }),
  };
}

/** Tells the journal's trigger which block is being applied; nothing when none is, or when it need not be undoable. */
const note = (tx: SqlQuery, block: string) => tx.query("select set_config('corepool.block', $1, true)", [block]);

async function remembered(tx: SqlQuery, name: string): Promise<readonly KeptBlock[]> {
  const { rows } = await tx.query(
    "select b.number::text as number, hash, parent_hash, timestamp::text as timestamp, logs_digest from chain_blocks b where follower = $1 order by b.number",
    [name],
  );
  return rows.map((row) => ({
    number: BigInt(String(row.number)),
    hash: String(row.hash) as Hex,
    parentHash: String(row.parent_hash) as Hex,
    timestamp: BigInt(String(row.timestamp)),
    logsDigest: String(row.logs_digest) as Hex,
  }));
}
