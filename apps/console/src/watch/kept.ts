import type { KeptJob } from "@corepool/sdk/kept-job";
import { openStore } from "../app/database.ts";

/**
 * The lease keys of this browser's jobs. Each can pay its own lease to its provider and nothing else, so they are kept
 * as they are: a tab that was loaded anew goes on paying without asking anybody.
 */
const jobs = openStore("corepool.jobs", "jobs", "workload");

/** Every job that this browser has to pay. */
export function keptJobs(): Promise<readonly KeptJob[]> {
  return jobs.within<KeptJob[]>("readonly", (store) => store.getAll());
}

/** Keeps a job, or how far it is paid. Rejects when the browser did not keep it: then nothing may be handed over. */
export async function keepJob(job: KeptJob): Promise<void> {
  await jobs.within("readwrite", (store) => store.put(job));
}

/** A job as it was kept last. */
export function keptJobNamed(workload: string): Promise<KeptJob | undefined> {
  return jobs.within<KeptJob | undefined>("readonly", (store) => store.get(workload));
}

/** Forgets a job that has ended. */
export async function forgetJob(workload: string): Promise<void> {
  await jobs.within("readwrite", (store) => store.delete(workload));
}
