import type { Identity } from "./port.ts";

/** Reads what sessionStorage holds; undefined for anything that is no identity or has expired at `now` (ms). */
export function parseIdentity(text: string | null, now: number): Identity | undefined {
  try {
    const value = JSON.parse(text ?? "null") as Partial<Identity> | null;
    if (value === null || typeof value !== "object") return undefined;
    const { kind, address, label, token, expiresAt } = value;
    if (kind !== "wallet" && kind !== "browser-key") return undefined;
    if (typeof address !== "string" || !/^0x[0-9a-fA-F]{40}$/.test(address)) return undefined;
    if (typeof label !== "string" || typeof token !== "string" || typeof expiresAt !== "string") return undefined;
    if (!(Date.parse(expiresAt) > now)) return undefined;
    return { kind, address, label, token, expiresAt };
  } catch {
    return undefined;
  }
}
