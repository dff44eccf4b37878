import { CorepoolError } from "@corepool/core/errors";
import type { BlockHeader } from "@corepool/core/ports/chain";

/**
 * When a block counts as irreversible: what the node calls finalized, or what lies `depth` blocks deep and is
 * `ageSeconds` older than the head by the blocks' own clock.
 */
export type FinalityPolicy = { readonly tag: "finalized" } | { readonly depth: number; readonly ageSeconds: number };

/** The policy of a local market, whose node can lose the last second when it is killed, never five. */
export const LOCAL_FINALITY = { depth: 3, ageSeconds: 5 } as const satisfies FinalityPolicy;

/** Reads a setting: `finalized`, or `depth:ageSeconds` such as `3:5`. Rejects with `bad-usage`. */
export function parseFinality(text: string): FinalityPolicy {
  if (text === "finalized") return { tag: "finalized" };
  const match = /^(\d{1,5}):(\d{1,6})$/.exec(text);
  if (match === null) {
    throw new CorepoolError("bad-usage", {
      detail: `"${text}" is not a finality rule.`,
      next: "Write finalized, or depth:seconds such as 3:5.",
    });
  }
  return { depth: Number(match[1]), ageSeconds: Number(match[2]) };
}

/** Whether a block is final by depth and age. */
export function isFinal(
  block: BlockHeader,
  head: BlockHeader,
  policy: { readonly depth: number; readonly ageSeconds: number },
): boolean {
  return (
    head.number - block.number >= BigInt(policy.depth) && head.timestamp - block.timestamp >= BigInt(policy.ageSeconds)
  );
}

/**
 * The newest block that is final by depth and age, found by halving (timestamps never go down). Block 0 always is.
 * @param known a number that is known to be final, to begin from; ignored when the head is not above it
 */
export async function newestFinal(
  head: BlockHeader,
  policy: { readonly depth: number; readonly ageSeconds: number },
  known: bigint,
  block: (number: bigint) => Promise<BlockHeader | undefined>,
): Promise<BlockHeader | undefined> {
  const depth = BigInt(policy.depth);
  let high = head.number - depth;
  let low = known >= 0n && known <= high ? known : 0n;
  if (high < 0n) high = 0n;
  let found: BlockHeader | undefined;
  while (low <= high) {
    const middle = low === high ? low : (low + high + 1n) / 2n;
    const header = await block(middle);
    if (header === undefined) return undefined;
    if (middle === 0n || isFinal(header, head, policy)) {
      found = header;
      low = middle + 1n;
    } else {
      high = middle - 1n;
    }
  }
  if (found !== undefined || known <= 0n) return found;
  return newestFinal(head, policy, 0n, block);
}
