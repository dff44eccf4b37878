/** A store of this browser (IndexedDB), whose documents are found by one of their fields. */
export interface BrowserStore {
  /** One request in one transaction. Resolves once it is committed; what was written is on the disk by then. */
  readonly within: <T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>) => Promise<T>;
}

/** A database of one store. It is opened for each request and closed after it, so that no tab holds another's upgrade up. */
export function openStore(database: string, name: string, keyPath: string): BrowserStore {
  const open = (): Promise<IDBDatabase> =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open(database, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(name, { keyPath });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error("The browser's database cannot be opened."));
    });
  return {
    within: async (mode, work) => {
      const db = await open();
      try {
        return await new Promise((resolve, reject) => {
          const transaction = db.transaction(name, mode, { durability: mode === "readwrite" ? "strict" : "default" });
          const request = work(transaction.objectStore(name));
          transaction.oncomplete = () => resolve(request.result);
          transaction.onabort = () => reject(transaction.error ?? new Error("The browser did not keep it."));
        });
      } finally {
        db.close();
      }
    },
  };
}
