import { keptJobNamed, keptJobs } from "./kept.ts";
import { dropWatch, putWatch, watches } from "./watches.ts";

/** What this page attends: a job once, whoever asks for it. */
const attended = new Map<string, AbortController>();

/** Attends a job of this browser from now on. Its code is loaded when there is one. */
export async function attendNow(workload: string): Promise<void> {
  const job = await keptJobNamed(workload);
  if (job === undefined || attended.has(workload)) return;
  const leave = new AbortController();
  attended.set(workload, leave);
  try {
    const { attendKept, watchedOf } = await import("./attend.ts");
    putWatch(watchedOf(job, "elsewhere"));
    await attendKept(workload, leave.signal);
  } catch (error) {
    if (!leave.signal.aborted) throw error;
  } finally {
    attended.delete(workload);
  }
}

/** Attends every job of an account, that is signed in, and only those; the jobs of others are shown as idle. */
export async function attendAll(address: string | undefined): Promise<void> {
  const owner = address?.toLowerCase();
  const jobs = await keptJobs();
  if (jobs.length === 0 && watches.get().length === 0) return;
  const { watchedOf } = await import("./attend.ts");
  for (const { workload } of watches.get()) if (!jobs.some((job) => job.workload === workload)) dropWatch(workload);
  for (const job of jobs) {
    if (job.client.toLowerCase() === owner) {
      void attendNow(job.workload);
      continue;
    }
    attended.get(job.workload)?.abort(new DOMException("Its owner signed out.", "AbortError"));
    putWatch(watchedOf(job, "idle"));
  }
}
