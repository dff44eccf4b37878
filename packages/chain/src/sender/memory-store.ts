import type { TransactionRequest } from "@corepool/core/ports/chain";
import { current, isOver, type Outgoing, queued } from "./record.ts";
import type { SenderStore } from "./store.ts";

/** Keeps transactions in memory: for one-off tools whose transactions need not outlive them, and for the simulation. */
export class MemorySenderStore implements SenderStore {
  readonly #records = new Map<string, Outgoing>();

  async add(request: TransactionRequest): Promise<Outgoing> {
    const kept = this.#records.get(request.intent) ?? queued(request);
    this.#records.set(request.intent, kept);
    return kept;
  }

  async unfinished(): Promise<readonly Outgoing[]> {
    return [...this.#records.values()].filter((record) => !isOver(record));
  }

  async save(record: Outgoing): Promise<boolean> {
    const nonce = current(record)?.nonce;
    const clash = [...this.#records.values()].some(
      (other) =>
        other.intent !== record.intent &&
        (other.state === "sent" || other.state === "mined") &&
        current(other)?.nonce === nonce,
    );
    if (clash && (record.state === "sent" || record.state === "mined")) return false;
    const before = this.#records.get(record.intent);
    if (before !== undefined && isOver(before)) return false;
    const known = new Set(record.signed.map((form) => form.hash));
    if (before?.signed.some((form) => !known.has(form.hash))) return false;
    this.#records.set(record.intent, record);
    return true;
  }

  async find(intent: string): Promise<Outgoing | undefined> {
    return this.#records.get(intent);
  }
}
