/** Wakes those who wait for something new in an append-only stream. Delivery may be lost: waiters also look by themselves. */
export interface Notifier {
  notify(topic: string): Promise<void>;
  /** Calls back on each notification of the topic until the returned function is called. */
  subscribe(topic: string, listener: () => void): () => void;
}
