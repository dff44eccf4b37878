import type { FromAgent } from "@corepool/protocol/agent";

type LogBody = Extract<FromAgent, { readonly type: "log" }>["body"];

/** A piece of a log with the id of the message that brought it. */
export interface LogMessage {
  readonly id: string;
  readonly body: LogBody;
}

/** Pieces that wait at most, and their length in base64; beyond, the connection is not read. */
const MOST_MESSAGES = 64;
const MOST_LENGTH = 2 ** 20;

/**
 * What a connection brings of logs, on its way to the store. What comes while the store is busy is stored together, one
 * attempt at a time, and nothing else that the agent says waits for it.
 */
export class LogIntake {
  readonly #store: (attempt: string, messages: readonly LogMessage[]) => Promise<void>;
  #waiting: LogMessage[] = [];
  #length = 0;
  #working: Promise<void> | undefined;
  #taken = Promise.withResolvers<void>();

  /** @param store keeps the pieces of one attempt, which come in order; must not reject */
  constructor(store: (attempt: string, messages: readonly LogMessage[]) => Promise<void>) {
    this.#store = store;
  }

  /** Takes a piece. Resolves when there is room for another. */
  async add(message: LogMessage): Promise<void> {
    this.#waiting.push(message);
    this.#length += message.body.data.length;
    this.#working ??= this.#work();
    while (this.#waiting.length >= MOST_MESSAGES || this.#length >= MOST_LENGTH) await this.#taken.promise;
  }

  /** Resolves when nothing waits and nothing is being stored. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = Map.groupBy(this.#waiting, ({ body }) => body.attempt);
      this.#waiting = [];
      this.#length = 0;
      this.#taken.resolve();
      this.#taken = Promise.withResolvers();
      for (const [attempt, messages] of batch) await this.#store(attempt, messages);
    }
    this.#working = undefined;
  }
}
