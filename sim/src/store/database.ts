import { connectionLost, Io } from "../io/calls.ts";
import { never, type SimProcess } from "../world/process.ts";
import { Locks } from "./locks.ts";

/** A conflict after which the same transaction, run again, may succeed: a deadlock or a serialisation failure. */
export class Conflict extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = "Conflict";
  }
}

/** How a transaction fares when it commits. `lost`: the connection breaks, before or after the commit took place. */
export type CommitFate = "commits" | "conflict" | "lost-before" | "lost-after";

/** What the world does to transactions. */
export interface DatabaseWeather {
  /** Milliseconds that one statement takes. */
  latency(): number;
  fate(): CommitFate;
  /** Whether notifications of a commit are lost with the listening connection, which then comes back. */
  wake(topic: string): void;
}

/** As often as the coordinator's own database runs a transaction again. */
const TRIES = 8;

type Rows = Map<string, unknown>;

/**
 * Tables in memory with PostgreSQL's rules at its default isolation: every statement sees what is committed and the
 * transaction's own writes; writing a row, or locking it, waits for whoever holds it; a cycle of waits ends one of the
 * transactions; nothing of a transaction is seen before all of it. What is committed survives every crash.
 */
export class SimDatabase {
  readonly #tables = new Map<string, Rows>();
  readonly #sequences = new Map<string, number>();
  readonly locks = new Locks();
  io = new Io();
  weather: DatabaseWeather = { latency: () => 0, fate: () => "commits", wake: () => undefined };
  /** Called with every committed write, for those who check what is written. */
  onWrite: (table: string, key: string, before: unknown, after: unknown) => void = () => undefined;

  /** The committed rows of a table. */
  table(name: string): Rows {
    const found = this.#tables.get(name);
    if (found !== undefined) return found;
    const fresh: Rows = new Map();
    this.#tables.set(name, fresh);
    return fresh;
  }

  /** The next number of a sequence; like PostgreSQL's, it does not go back when a transaction does. */
  next(sequence: string): number {
    const value = (this.#sequences.get(sequence) ?? 0) + 1;
    this.#sequences.set(sequence, value);
    return value;
  }

  /** Runs `work` in one transaction of the process, again after a conflict. */
  async transaction<T>(process: SimProcess, work: (tx: SimTransaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if (!process.alive) return never();
      const begins = this.io.next(process, "database begin", false);
      if (begins === "dies") this.io.kill(process);
      if (!process.alive) return never();
      if (begins !== undefined) throw connectionLost();
      const tx = new SimTransaction(this, process);
      const forget = process.onKill(() => tx.rollback());
      try {
        const value = await work(tx);
        await tx.statement(true);
        const fault = this.io.next(process, "database commit", true);
        if (fault === "dies") this.io.kill(process);
        if (!process.alive) return never();
        const fate = this.weather.fate();
        if (fate === "conflict") throw new Conflict("could not serialize access");
        if (fate === "lost-before") throw new Error("the connection to the database broke");
        if (fault === "fails") throw connectionLost();
        tx.commit();
        if (fault === "dies-after") this.io.kill(process);
        if (!process.alive) return never();
        if (fate === "lost-after") throw new Error("the connection to the database broke");
        if (fault === "answer-lost") throw connectionLost();
        return value;
      } catch (error) {
        tx.rollback();
        if (!process.alive) return never();
        if (!(error instanceof Conflict) || attempt === TRIES) throw error;
        await process.wait(2 ** attempt, "runs a transaction again");
      } finally {
        forget();
      }
    }
  }
}

/** One transaction: its own writes over what is committed. */
export class SimTransaction {
  readonly #database: SimDatabase;
  readonly #process: SimProcess;
  readonly #writes = new Map<string, Rows>();
  readonly #topics = new Set<string>();
  readonly #committed: (() => void)[] = [];
  #open = true;

  constructor(database: SimDatabase, process: SimProcess) {
    this.#database = database;
    this.#process = process;
  }

  /** Takes the time of one statement. A connection that breaks there takes the transaction with it. */
  async statement(ends = false): Promise<void> {
    const { io } = this.#database;
    const fault = ends ? undefined : io.next(this.#process, "database statement", false);
    if (fault !== undefined) {
      if (fault === "dies") io.kill(this.#process);
      if (!this.#process.alive) return never();
      this.rollback();
      throw connectionLost();
    }
    const ms = this.#database.weather.latency();
    if (ms > 0) await this.#process.wait(ms, "waits for the database");
    if (!this.#open) throw new Error("the transaction is over");
  }

  get<T>(table: string, key: string): T | undefined {
    const own = this.#writes.get(table);
    if (own?.has(key) === true) return own.get(key) as T | undefined;
    return this.#database.table(table).get(key) as T | undefined;
  }

  /** All rows of a table as this transaction sees them. */
  rows<T>(table: string): [string, T][] {
    const own = this.#writes.get(table);
    const seen: [string, T][] = [];
    for (const [key, value] of this.#database.table(table)) {
      const mine = own?.has(key) === true ? own.get(key) : value;
      if (mine !== undefined) seen.push([key, mine as T]);
    }
    for (const [key, value] of own ?? []) {
      if (value !== undefined && !this.#database.table(table).has(key)) seen.push([key, value as T]);
    }
    return seen;
  }

  /** Waits until the name is this transaction's. Rejects with Conflict when that could never be. */
  async lock(name: string): Promise<void> {
    if (!this.#open) throw new Error("the transaction is over");
    const granted = await this.#database.locks.take(name, this);
    await new Promise<void>((resolve) => this.#process.enter(resolve));
    if (!granted) throw new Conflict("deadlock detected");
    if (!this.#open) throw new Error("the transaction is over");
  }

  /** Whether another transaction holds the row now. */
  heldByOther(table: string, key: string): boolean {
    const holder = this.#database.locks.holder(`${table}/${key}`);
    return holder !== undefined && holder !== this;
  }

  lockRow(table: string, key: string): Promise<void> {
    return this.lock(`${table}/${key}`);
  }

  /** Writes a row under its lock; undefined deletes it. */
  async write(table: string, key: string, value: unknown): Promise<void> {
    await this.lockRow(table, key);
    const own = this.#writes.get(table) ?? new Map<string, unknown>();
    this.#writes.set(table, own);
    own.set(key, value);
  }

  next(sequence: string): number {
    return this.#database.next(sequence);
  }

  /** Wakes the topic's subscribers when this commits. */
  wake(topic: string): void {
    this.#topics.add(topic);
  }

  /** Runs at the moment of commit. */
  whenCommitted(work: () => void): void {
    this.#committed.push(work);
  }

  commit(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const [table, rows] of this.#writes) {
      const target = this.#database.table(table);
      for (const [key, value] of rows) {
        this.#database.onWrite(table, key, target.get(key), value);
        if (value === undefined) target.delete(key);
        else target.set(key, value);
      }
    }
    for (const work of this.#committed) work();
    this.#database.locks.release(this);
    for (const topic of this.#topics) this.#database.weather.wake(topic);
  }

  rollback(): void {
    this.#open = false;
    this.#database.locks.release(this);
  }
}
