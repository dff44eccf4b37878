/** Background work that survives a restart of the process. */
export interface Jobs {
  /** Runs `handler` for every job of the queue, at least once each, `concurrency` at a time. */
  work<T extends object>(
    queue: string,
    options: { readonly concurrency: number },
    handler: (data: T) => Promise<void>,
  ): Promise<void>;
  /** Enqueues a job; with a `key`, at most one job of that key waits at a time. */
  send(queue: string, data: object, options?: { readonly key?: string; readonly delaySeconds?: number }): Promise<void>;
}
