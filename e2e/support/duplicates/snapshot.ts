import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type pg from "pg";
import { books } from "../books.ts";
import type { RunningMarket } from "../market.ts";

/**
 * What may change while nothing happens, and why. Every other column of every table is compared, tables of later
 * migrations too.
 */
const MOVES: Readonly<Record<string, readonly string[]>> = {
  // When a machine was last heard of: being heard is what a repeat does.
  machines: ["last_seen_at"],
  api_keys: ["last_used_at"],
  // For how long an agent's delivery is held for it: a day from when it last handed the bytes over.
  blob_refs: ["expires_at"],
  blob_deliveries: ["*"],
  // What was answered under a key. A request that was refused for now is tried again when it comes again, and the new
  // answer is kept; what it did is in the other tables.
  idempotency: ["*"],
  // How far the chain is followed: blocks come without anybody asking.
  chain_progress: ["*"],
  chain_cursor: ["*"],
  chain_blocks: ["*"],
  chain_undo: ["*"],
  chain_facts_undo: ["*"],
};

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.sort().map(async (file) => {
      const hash = createHash("sha256")
        .update(await readFile(file))
        .digest("hex");
      return `${file.slice(folder.length)} ${hash}`;
    }),
  );
}

/** Everything that a repeat could change, a line each: rows, blobs, balances, events, and the nonce of every sender. */
export async function snapshotOf(market: RunningMarket, client: pg.Client): Promise<readonly string[]> {
  const lines: string[] = [];
  const { rows: columns } = await client.query<{ table: string; names: string[] }>(
    `select c.table_name as table, array_agg(c.column_name::text order by c.ordinal_position) as names
       from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
      where table_schema = 'public' and t.table_type = 'BASE TABLE' group by 1 order by 1`,
  );
  for (const { table, names } of columns) {
    const moves = MOVES[table] ?? [];
    if (moves.includes("*")) continue;
    const compared = names.filter((name) => !moves.includes(name)).map((name) => `"${name}"`);
    const { rows } = await client.query<{ row: string }>(
      `select to_jsonb(r)::text as row from (select ${compared.join(", ")} from "${table}") r order by 1`,
    );
    for (const { row } of rows) lines.push(`${table} ${row}`);
  }
  lines.push(...(await filesIn(join(market.place.home, "blobs"))).map((file) => `blob ${file}`));
  const { cash, escrow, fees, tokens, opened, closed, reader } = await books(market);
  lines.push(`books ${cash} ${escrow} ${fees} ${tokens} opened ${opened.length} closed ${closed.length}`);
  const senders = new Set((await transactionsOf(market)).map(({ from }) => from));
  for (const address of [...senders].sort()) {
    const nonce = await reader.getTransactionCount({ address, blockTag: "pending" });
    lines.push(`nonce ${address} ${nonce} balance ${await reader.getBalance({ address })}`);
  }
  return lines;
}

const QUIET_LOOKS = 3;
const LOOK_MS = 400;

/** The snapshot once every transaction is final and nothing changes by itself any more. */
export async function quietSnapshot(market: RunningMarket, client: pg.Client): Promise<readonly string[]> {
  let before: readonly string[] = [];
  for (let same = 0; same < QUIET_LOOKS; await wait(LOOK_MS)) {
    const now = await snapshotOf(market, client);
    const { rows } = await client.query("select from chain_transactions where state in ('queued', 'sent', 'mined')");
    same = rows.length === 0 && now.join("\n") === before.join("\n") ? same + 1 : 0;
    before = now;
  }
  return before;
}

/** Lines of one snapshot that the other has not, with a sign before them. */
export function changesBetween(before: readonly string[], after: readonly string[]): readonly string[] {
  const [was, is] = [new Set(before), new Set(after)];
  return [
    ...before.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ].map((line) => line.slice(0, 500));
}

/** Every transaction in the chain, with its raw bytes, from block `from` on. */
export async function transactionsOf(
  market: RunningMarket,
  from = 1n,
): Promise<readonly { readonly from: `0x${string}`; readonly hash: string; readonly raw: string }[]> {
  const { rpcUrl } = await market.file();
  const ask = async <T>(method: string, ...params: readonly unknown[]): Promise<T> => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const answer = await fetch(rpcUrl, { method: "POST", headers: { "content-type": "application/json" }, body });
    const { result, error } = (await answer.json()) as { result?: T; error?: { message: string } };
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result as T;
  };
  const head = BigInt(await ask<string>("eth_blockNumber"));
  const found: { from: `0x${string}`; hash: string; raw: string }[] = [];
  for (let number = from; number <= head; number++) {
    const block = await ask<{ transactions: { hash: string; from: `0x${string}` }[] }>(
      "eth_getBlockByNumber",
      `0x${number.toString(16)}`,
      true,
    );
    for (const { hash, from: sender } of block.transactions)
      found.push({ from: sender, hash, raw: await ask<string>("eth_getRawTransactionByHash", hash) });
  }
  return found;
}
