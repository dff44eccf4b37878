import type { KeptJob } from "@corepool/sdk/kept-job";
import { createStore } from "../app/store.ts";

/** A job that this browser pays, as this tab sees it. Amounts in base units. */
export interface Watched {
  readonly workload: string;
  /** Its owner's address. */
  readonly client: string;
  readonly token: string;
  readonly rate: bigint;
  readonly escrow: bigint;
  readonly graceSeconds: number;
  readonly paid: bigint;
  /**
   * `here`: this tab pays. `elsewhere`: another tab of this browser does, and this one takes over when that is closed.
   * `idle`: nobody here can, because its owner is not signed in. `stopped`: this tab could not go on.
   */
  readonly by: "here" | "elsewhere" | "idle" | "stopped";
  /** Why the last note was not signed, or why the watch stopped; undefined while all is well. */
  readonly trouble: string | undefined;
}

/** What is known of a job before anybody attends it. */
export function watchedOf(job: KeptJob, by: Watched["by"]): Watched {
  const { workload, client: owner, token, graceSeconds } = job;
  return {
    workload,
    client: owner,
    token,
    graceSeconds,
    rate: BigInt(job.rate),
    escrow: BigInt(job.escrow),
    paid: BigInt(job.total),
    by,
    trouble: undefined,
  };
}

/** Every job that this browser has to pay. */
export const watches = createStore<readonly Watched[]>([]);

/** Changes what is known of one job. */
export function patchWatch(workload: string, patch: Partial<Watched>): void {
  watches.set((now) => now.map((each) => (each.workload === workload ? { ...each, ...patch } : each)));
}

/** Takes a job in, or replaces what was known of it. */
export function putWatch(watched: Watched): void {
  watches.set((now) => [...now.filter((each) => each.workload !== watched.workload), watched]);
}

/** Drops a job that has ended. */
export function dropWatch(workload: string): void {
  watches.set((now) => now.filter((each) => each.workload !== workload));
}
