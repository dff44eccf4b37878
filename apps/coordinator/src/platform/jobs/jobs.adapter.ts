import { toHex } from "@corepool/core/hex";
import type { Jobs } from "@corepool/core/ports/jobs";
import type { Random } from "@corepool/core/ports/random";
import { fromKysely, type JobResult, PgBoss, type SendOptions } from "pg-boss";
import type { Tx } from "../database/database.ts";

/** Background work on pg-boss, which also takes jobs inside a transaction of ours. */
export interface PostgresJobs extends Jobs {
  /** Enqueues when (and only if) the transaction commits. */
  sendOnCommit(
    tx: Tx,
    queue: string,
    data: object,
    options?: { readonly key?: string; readonly delaySeconds?: number },
  ): Promise<void>;
  /** Waits up to `patienceMs` for running jobs, then lets go: they run again elsewhere. */
  close(patienceMs: number): Promise<void>;
}

export interface JobsOptions {
  readonly url: string;
  readonly random: Random;
  readonly onTrouble: (error: unknown) => void;
  /** Whether this process also does the housekeeping of the queues. */
  readonly supervise: boolean;
}

/** A failed job is tried again after 1, 2, 4 … up to 300 s, practically for ever: nothing of ours is given up. */
const RETRIES = { retryLimit: 1_000_000, retryDelay: 1, retryBackoff: true, retryDelayMax: 300 };

/**
 * A notification wakes one worker, which then must go on until the queue is empty: pg-boss does so only while batches
 * are full, hence two jobs at a time, worked on one after the other. Jobs that become due later are found by looking.
 */
const WORK = {
  batchSize: 2,
  burstWhenBatchFull: true,
  perJobResults: true,
  pollingIntervalSeconds: 1,
  notifyPollingIntervalSeconds: 1,
} as const;
type WorkSettings = typeof WORK & { readonly localConcurrency: number };

/** Runs one job; a failure is its own and does not touch its neighbour in the batch. */
async function outcome(id: string, run: () => Promise<void>, onTrouble: (error: unknown) => void): Promise<JobResult> {
  try {
    await run();
    return { id, status: "completed" };
  } catch (error) {
    onTrouble(error);
    return { id, status: "failed", output: { message: error instanceof Error ? error.message : String(error) } };
  }
}

/** Opens the queues. Tables of their own schema `jobs` are made or brought up to date first. */
export async function openJobs(options: JobsOptions): Promise<PostgresJobs> {
  const boss = new PgBoss({
    connectionString: options.url,
    schema: "jobs",
    application_name: "corepool-jobs",
    max: 4,
    useListenNotify: true,
    supervise: options.supervise,
    schedule: false,
  });
  boss.on("error", options.onTrouble);
  await boss.start();
  const known = new Map<string, Promise<void>>();

  /** Policy `short`: at most one waiting job per key. Jobs without a key get one of their own. */
  const queueOf = (queue: string): Promise<void> => {
    const made = known.get(queue) ?? boss.createQueue(queue, { policy: "short", notify: true, ...RETRIES });
    known.set(queue, made);
    // A queue that could not be made is not remembered as one that can never be.
    made.catch(() => known.delete(queue));
    return made;
  };

  const sendOptions = (given: { readonly key?: string; readonly delaySeconds?: number } | undefined): SendOptions => ({
    singletonKey: given?.key ?? toHex(options.random.bytes(16)),
    ...(given?.delaySeconds === undefined ? {} : { startAfter: given.delaySeconds }),
  });

  return {
    async work<T extends object>(
      queue: string,
      { concurrency }: { readonly concurrency: number },
      handler: (data: T) => Promise<void>,
    ) {
      await queueOf(queue);
      await boss.work<T, JobResult[], WorkSettings>(
        queue,
        { ...WORK, localConcurrency: concurrency },
        async (batch) => {
          const results: JobResult[] = [];
          for (const job of batch) results.push(await outcome(job.id, () => handler(job.data), options.onTrouble));
          return results;
        },
      );
    },
    async send(queue, data, given) {
      await queueOf(queue);
      await boss.send(queue, data, sendOptions(given));
    },
    async sendOnCommit(tx, queue, data, given) {
      await queueOf(queue);
      await boss.send(queue, data, { ...sendOptions(given), db: fromKysely(tx) });
    },
    close: (patienceMs) => boss.stop({ graceful: true, timeout: patienceMs, close: true }),
  };
}
