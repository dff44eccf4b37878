import { keptJobNamed, keptJobs } from "./kept.ts";
import { dropWatch, patchWatch, putWatch, watchedOf, watches } from "./watches.ts";

/** What this page attends: a job once, whoever asks for it. */
const attended = new Map<string, AbortController>();

/**
 * The code that attends a job, loaded when there is one. Who is about to order waits for it first: a job must not begin
 * that this page then cannot pay.
 */
export const attendance = () => import("./attend.ts");

/** Attends a job of this browser from now on. What keeps it from that is told where its watches are shown. */
export async function attendNow(workload: string): Promise<void> {
  const job = await keptJobNamed(workload);
  if (job === undefined || attended.has(workload)) return;
  const leave = new AbortController();
  attended.set(workload, leave);
  putWatch(watchedOf(job, "elsewhere"));
  try {
    const { attendKept } = await attendance();
    await attendKept(workload, leave.signal);
  } catch (error) {
    if (!leave.signal.aborted)
      patchWatch(workload, { by: "stopped", trouble: error instanceof Error ? error.message : String(error) });
  } finally {
    attended.delete(workload);
  }
}

/** Attends every job of an account, that is signed in, and only those; the jobs of others are shown as idle. */
export async function attendAll(address: string | undefined): Promise<void> {
  const owner = address?.toLowerCase();
  const jobs = await keptJobs();
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
