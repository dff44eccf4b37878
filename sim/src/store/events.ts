import type { EventLog, StoredEvent } from "@corepool/coordinator/platform/events/event-log";
import type { SimTransaction } from "./database.ts";

interface Kept extends StoredEvent {
  readonly topic: string;
}

/** The outbox in memory: events get their place when their transaction commits, so none appears behind a reader. */
export class SimEvents {
  readonly #events: Kept[] = [];

  append(
    tx: SimTransaction,
    event: { readonly topic: string; readonly type: string; readonly body: object },
    at: number,
  ) {
    const { topic, type, body } = event;
    tx.whenCommitted(() =>
      this.#events.push({ id: `0-${this.#events.length + 1}`, topic, type, body, at: new Date(at) }),
    );
    tx.wake(topic);
  }

  /** As the coordinator's readers see it. */
  log(): EventLog {
    const placeOf = (id: string | undefined) => (id === undefined ? 0 : Number(id.slice(2)));
    return {
      append: () => Promise.reject(new Error("the simulation appends through its own transactions")),
      read: async (topic, after, limit) => ({
        events: this.#events
          .slice(placeOf(after))
          .filter((event) => event.topic === topic)
          .slice(0, limit),
        settled: true,
      }),
      has: async (topic, id) => this.#events.some((event) => event.topic === topic && event.id === id),
      last: async (topic) => this.#events.findLast((event) => event.topic === topic)?.id,
      forgetExpired: async () => undefined,
    };
  }
}
