/** What a person has looked at already; everything else is seen from the account itself. */
export interface Looked {
  /** The workload whose result was opened. */
  readonly result?: string;
  /** The workload whose receipt was checked. */
  readonly receipt?: string;
}

const keyOf = (address: string): string => `corepool.start.${address.toLowerCase()}`;

/** What an account has looked at in this browser; nothing where that is not kept. */
export function looked(address: string, storage: Pick<Storage, "getItem"> = localStorage): Looked {
  try {
    const value: unknown = JSON.parse(storage.getItem(keyOf(address)) ?? "{}");
    if (value === null || typeof value !== "object") return {};
    const { result, receipt } = value as Record<string, unknown>;
    return { ...(typeof result === "string" ? { result } : {}), ...(typeof receipt === "string" ? { receipt } : {}) };
  } catch {
    return {};
  }
}

/** Remembers what was looked at. */
export function keepLooked(
  address: string,
  now: Looked,
  storage: Pick<Storage, "getItem" | "setItem"> = localStorage,
): void {
  try {
    storage.setItem(keyOf(address), JSON.stringify({ ...looked(address, storage), ...now }));
  } catch {
    // Storage is full or forbidden: the step is asked again next time.
  }
}
