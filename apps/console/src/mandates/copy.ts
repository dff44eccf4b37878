import { address, hex } from "@corepool/protocol/primitives";
import { mandateMessage } from "@corepool/protocol/spec";
import { z } from "zod";

const kept = z.object({
  /** What the coordinator calls it; null while it has not answered. */
  id: z.string().nullable(),
  /** What the chain calls it: the EIP-712 struct hash. */
  hash: hex,
  chainId: z.int(),
  market: address,
  mandate: mandateMessage,
  providers: z.array(address),
  signature: hex,
  /** The transaction that revoked it on chain, sent from here. */
  revokedIn: hex.optional(),
});
/** A mandate that was signed in this browser: what can be revoked without asking anybody what it said. */
export type KeptMandate = z.infer<typeof kept>;

/** Reads what was kept; whatever is damaged is left out. */
export function parseKept(text: string | null): readonly KeptMandate[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(list)) return [];
    return list.flatMap((each) => {
      const parsed = kept.safeParse(each);
      return parsed.success ? [parsed.data] : [];
    });
  } catch {
    return [];
  }
}

/** Keeps one under its hash: whatever id a coordinator gives, it cannot take another's place. */
export function withKept(list: readonly KeptMandate[], one: KeptMandate): readonly KeptMandate[] {
  return [one, ...list.filter((each) => each.hash !== one.hash)];
}
