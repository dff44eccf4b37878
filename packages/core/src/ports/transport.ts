/** One ordered, bidirectional stream of text messages between an agent and its coordinator. */
export interface Connection {
  /** Resolves once the message is handed to the network; a slow peer makes this slow (back-pressure). */
  send(message: string): Promise<void>;
  /** Messages in order; ends when the connection does. */
  readonly messages: AsyncIterable<string>;
  close(code: number, reason: string): void;
}

/** How an agent reaches a coordinator. */
export interface Transport {
  /** Dials out. Rejects with `coordinator-unreachable`, which is worth a retry. */
  dial(url: string, signal: AbortSignal): Promise<Connection>;
}
