import { readKept, writeKept } from "../../app/kept-text.ts";

/** What a person has looked at already; everything else is seen from the account itself. */
export interface Looked {
  /** The workload whose result was opened. */
  readonly result?: string;
  /** The workload whose receipt was checked. */
  readonly receipt?: string;
}

const keyOf = (address: string): string => `corepool.start.${address.toLowerCase()}`;

/** Reads what was kept; nothing of what is damaged. */
export function parseLooked(text: string | null): Looked {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    if (value === null || typeof value !== "object") return {};
    const { result, receipt } = value as Record<string, unknown>;
    return { ...(typeof result === "string" ? { result } : {}), ...(typeof receipt === "string" ? { receipt } : {}) };
  } catch {
    return {};
  }
}

/** What an account has looked at in this browser. */
export function looked(address: string): Looked {
  return parseLooked(readKept(keyOf(address)));
}

/** Remembers what was looked at. Where that is not kept, the step is asked again next time. */
export function keepLooked(address: string, now: Looked): void {
  writeKept(keyOf(address), JSON.stringify({ ...looked(address), ...now }));
}
