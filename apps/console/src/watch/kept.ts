import type { KeptJob } from "@corepool/sdk/kept-job";

/**
 * The lease keys of this browser's jobs. Each can pay its own lease to its provider and nothing else, so they are kept
 * as they are: a tab that was loaded anew goes on paying without asking anybody.
 */
const DATABASE = "corepool.jobs";
const STORE = "jobs";

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "workload" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The browser's database cannot be opened."));
  });
}

async function within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await database();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = db.transaction(STORE, mode, { durability: mode === "readwrite" ? "strict" : "default" });
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error("The browser did not keep it."));
    });
  } finally {
    db.close();
  }
}

/** Every job that this browser has to pay. */
export function keptJobs(): Promise<readonly KeptJob[]> {
  return within<KeptJob[]>("readonly", (store) => store.getAll());
}

/** Keeps a job, or how far it is paid. Rejects when the browser did not keep it: then nothing may be handed over. */
export async function keepJob(job: KeptJob): Promise<void> {
  await within("readwrite", (store) => store.put(job));
}

/** A job as it was kept last. */
export function keptJobNamed(workload: string): Promise<KeptJob | undefined> {
  return within<KeptJob | undefined>("readonly", (store) => store.get(workload));
}

/** Forgets a job that has ended. */
export async function forgetJob(workload: string): Promise<void> {
  await within("readwrite", (store) => store.delete(workload));
}
