import { type BlockLogs, type BlockRef, type FollowerState, type KeptBlock, kept } from "./state.ts";
import { CursorMoved, type FollowerStore } from "./store.ts";

type Row = Readonly<Record<string, unknown>>;

/** Tables in memory. What is written while a block is applied can be undone. */
export interface MemoryTables {
  get(table: string, key: string): Row | undefined;
  /** Sets the given columns of a row; makes it when it is not there. */
  put(table: string, key: string, columns: Row): void;
  delete(table: string, key: string): void;
}

interface Undo {
  readonly number: bigint;
  readonly table: string;
  readonly key: string;
  /** Undefined: the row was not there. Else the columns to put back, or the whole row when it was deleted. */
  readonly before: Row | undefined;
  readonly deleted: boolean;
}

/** A follower's store in memory, with the same rules of undoing as the one in PostgreSQL. */
export class MemoryFollowerStore implements FollowerStore<MemoryTables> {
  #tables = new Map<string, Map<string, Row>>();
  #undo: readonly Undo[] = [];
  #state: FollowerState;

  constructor(origin: bigint) {
    this.#state = { origin, cursor: { number: origin, hash: undefined }, blocks: [], pruned: origin };
  }

  /** All rows of a table, by key. */
  table(name: string): ReadonlyMap<string, Row> {
    return this.#tables.get(name) ?? new Map();
  }

  /** Writes outside of any block, as the rest of a program does. */
  async outside(work: (tables: MemoryTables) => Promise<void>): Promise<void> {
    await work(this.#writer(undefined, []));
  }

  async load(): Promise<FollowerState> {
    return this.#state;
  }

  async advance(
    expected: BlockRef,
    blocks: readonly BlockLogs[],
    undoable: boolean,
    apply: (tx: MemoryTables, block: BlockLogs) => Promise<void>,
  ): Promise<void> {
    await this.#transaction(expected, async () => {
      const undo: Undo[] = [];
      for (const block of blocks) await apply(this.#writer(undoable ? block.header.number : undefined, undo), block);
      const last = blocks.at(-1);
      if (last === undefined) return;
      const cursor = { number: last.header.number, hash: last.header.hash };
      this.#undo = [...this.#undo, ...undo];
      this.#state = undoable
        ? { ...this.#state, cursor, blocks: [...this.#state.blocks, ...blocks.map(kept)] }
        : { ...this.#state, cursor, blocks: [kept(last)], pruned: cursor.number };
    });
  }

  async undo(
    expected: BlockRef,
    to: BlockRef,
    undone: (tx: MemoryTables, blocks: readonly KeptBlock[]) => Promise<void>,
  ): Promise<void> {
    await this.#transaction(expected, async () => {
      for (const entry of this.#undo.filter((u) => u.number > to.number).reverse()) this.#restore(entry);
      const gone = this.#state.blocks.filter((block) => block.number > to.number);
      this.#undo = this.#undo.filter((u) => u.number <= to.number);
      this.#state = {
        ...this.#state,
        cursor: to,
        blocks: this.#state.blocks.filter((block) => block.number <= to.number),
      };
      await undone(this.#writer(undefined, []), gone);
    });
  }

  async prune(expected: BlockRef, number: bigint): Promise<void> {
    await this.#transaction(expected, async () => {
      this.#undo = this.#undo.filter((u) => u.number > number);
      this.#state = {
        ...this.#state,
        pruned: number,
        blocks: this.#state.blocks.filter((block) => block.number >= number),
      };
    });
  }

  async #transaction(expected: BlockRef, work: () => Promise<void>): Promise<void> {
    const { cursor } = this.#state;
    if (cursor.number !== expected.number || cursor.hash !== expected.hash) throw new CursorMoved();
    const before = {
      tables: new Map([...this.#tables].map(([name, rows]) => [name, new Map(rows)])),
      undo: this.#undo,
      state: this.#state,
    };
    try {
      await work();
    } catch (error) {
      this.#tables = before.tables;
      this.#undo = before.undo;
      this.#state = before.state;
      throw error;
    }
  }

  #writer(number: bigint | undefined, undo: Undo[]): MemoryTables {
    const rows = (table: string) => {
      const found = this.#tables.get(table) ?? new Map<string, Row>();
      this.#tables.set(table, found);
      return found;
    };
    return {
      get: (table, key) => rows(table).get(key),
      put: (table, key, columns) => {
        const old = rows(table).get(key);
        if (number !== undefined) {
          const before =
            old === undefined ? undefined : Object.fromEntries(Object.keys(columns).map((name) => [name, old[name]]));
          undo.push({ number, table, key, before, deleted: false });
        }
        rows(table).set(key, { ...old, ...columns });
      },
      delete: (table, key) => {
        const old = rows(table).get(key);
        if (old !== undefined && number !== undefined) undo.push({ number, table, key, before: old, deleted: true });
        rows(table).delete(key);
      },
    };
  }

  #restore({ table, key, before, deleted }: Undo): void {
    const rows = this.#tables.get(table);
    const now = rows?.get(key);
    if (before === undefined) rows?.delete(key);
    else if (deleted || now !== undefined) rows?.set(key, { ...now, ...before });
  }
}
