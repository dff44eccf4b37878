import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import type { FromAgent } from "@corepool/protocol/agent";
import { type AttemptRecord, type Entry, entry, type ReleasedLease } from "./journal-entries.ts";
import type { JournalStore, Log } from "./ports.ts";

const RETRY_MS = 1_000;
/** A journal of more lines is written anew when most of them are over. */
const COMPACT_LINES = 5_000;

/**
 * What the agent must not forget: its attempts, and the messages that the coordinator has not acknowledged. An
 * append-only list of changes; the state is what they add up to. Changes count at once in memory, and are durable when
 * the returned promise resolves; changes made in one turn share one write.
 */
export class Journal {
  readonly #store: JournalStore;
  readonly #attempts = new Map<string, AttemptRecord>();
  readonly #outbox = new Map<string, FromAgent>();
  readonly #released = new Map<string, ReleasedLease>();
  #waiting: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  #closing = false;
  /** Lines in the store. */
  #lines = 0;
  #acknowledged = Promise.withResolvers<void>();
  readonly #clock: Clock;
  readonly #log: Log;

  private constructor(store: JournalStore, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Reads the journal, and writes it anew without what is over. A line that cannot be read is reported and left out. */
  static async open(store: JournalStore, clock: Clock, log: Log): Promise<Journal> {
    const journal = new Journal(store, clock, log);
    const lines = await store.read();
    for (const [index, line] of lines.entries()) {
      const parsed = parse(line);
      if (parsed === undefined) log.error("journal.unreadable-line", { line: index + 1 });
      else journal.#apply(parsed);
    }
    await journal.#compact();
    return journal;
  }

  /** Attempts in the order they were assigned. */
  get attempts(): ReadonlyMap<string, AttemptRecord> {
    return this.#attempts;
  }

  /** Unacknowledged messages in the order they were posted. */
  get outbox(): ReadonlyMap<string, FromAgent> {
    return this.#outbox;
  }

  /** Leases that the provider agreed to close unserved: a signature over them is out, so they must never be served. */
  get released(): ReadonlyMap<string, ReleasedLease> {
    return this.#released;
  }

  record(attempt: string): AttemptRecord {
    const record = this.#attempts.get(attempt);
    if (record === undefined) {
      throw new CorepoolError("not-found", { detail: `The journal has no attempt ${attempt}.` });
    }
    return record;
  }

  begin(record: AttemptRecord): Promise<void> {
    return this.#write({ t: "attempt", record });
  }

  /** `out`: a message that tells of the change, kept until it is acknowledged. */
  change(
    of: string,
    change: Partial<AttemptRecord>,
    out?: { readonly id: string; readonly message: FromAgent },
  ): Promise<void> {
    return this.#write({ t: "change", of, change, ...(out === undefined ? {} : { out }) });
  }

  forget(of: string): Promise<void> {
    return this.#write({ t: "forget", of });
  }

  /** Notes that a lease is released, with the message that says so. */
  release(lease: ReleasedLease, out: { readonly id: string; readonly message: FromAgent }): Promise<void> {
    return this.#write({ t: "released", ...lease, out });
  }

  unrelease(lease: Hex): Promise<void> {
    return this.#write({ t: "unreleased", lease });
  }

  async acked(id: string): Promise<void> {
    if (!this.#outbox.has(id)) return;
    await this.#write({ t: "acked", id });
    this.#acknowledged.resolve();
    this.#acknowledged = Promise.withResolvers();
  }

  /** Resolves at the next acknowledgement. */
  get nextAcknowledgement(): Promise<void> {
    return this.#acknowledged.promise;
  }

  /** Resolves when everything so far is durable. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#flush();
    await this.#store.close();
  }

  #write(change: Entry): Promise<void> {
    this.#apply(change);
    this.#waiting.push(JSON.stringify(change));
    return this.#flush();
  }

  /** Writes queue up behind the one that runs; whichever comes next takes all that wait. */
  #flush(): Promise<void> {
    const written = this.#writing.then(async () => {
      if (this.#waiting.length === 0) return;
      const lines = this.#waiting;
      this.#waiting = [];
      this.#lines += lines.length;
      await this.#keepTrying(() => (this.#worthCompacting() ? this.#compact() : this.#store.append(lines)));
    });
    this.#writing = written.catch(() => undefined);
    return written;
  }

  /** A full disk may have room again: nobody is told that something is safe before it is. */
  async #keepTrying(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (this.#closing) throw error;
        this.#log.error("journal.not-written", { detail: error instanceof Error ? error.message : String(error) });
        await this.#clock.sleep(RETRY_MS);
      }
    }
  }

  #worthCompacting(): boolean {
    return (
      this.#lines > COMPACT_LINES && this.#lines > 10 * (this.#attempts.size + this.#released.size + this.#outbox.size)
    );
  }

  /** Writes anew what still matters, which is all that memory holds: changes that wait for their line are in it. */
  async #compact(): Promise<void> {
    const snapshot = this.#snapshot().map((each) => JSON.stringify(each));
    await this.#store.replace(snapshot);
    this.#lines = snapshot.length;
  }

  #apply(change: Entry): void {
    switch (change.t) {
      case "attempt":
        this.#attempts.set(change.record.assignment.attempt, change.record);
        break;
      case "change": {
        const before = this.#attempts.get(change.of);
        if (before !== undefined) this.#attempts.set(change.of, { ...before, ...defined(change.change) });
        if (change.out !== undefined) this.#outbox.set(change.out.id, change.out.message);
        break;
      }
      case "forget":
        this.#attempts.delete(change.of);
        break;
      case "released":
        this.#released.set(change.lease.toLowerCase(), { lease: change.lease, terms: change.terms, at: change.at });
        if (change.out !== undefined) this.#outbox.set(change.out.id, change.out.message);
        break;
      case "unreleased":
        this.#released.delete(change.lease.toLowerCase());
        break;
      case "out":
        this.#outbox.set(change.id, change.message);
        break;
      case "acked":
        this.#outbox.delete(change.id);
        break;
    }
  }

  #snapshot(): readonly Entry[] {
    return [
      ...[...this.#attempts.values()].map((record): Entry => ({ t: "attempt", record })),
      ...[...this.#released.values()].map((released): Entry => ({ t: "released", ...released })),
      ...[...this.#outbox].map(([id, message]): Entry => ({ t: "out", id, message })),
    ];
  }
}

function parse(line: string): Entry | undefined {
  try {
    return entry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** A change without its absent members, so that spreading it never writes undefined. */
function defined(change: Extract<Entry, { t: "change" }>["change"]): Partial<AttemptRecord> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
