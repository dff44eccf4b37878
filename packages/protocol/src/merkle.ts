import type { Hex } from "@corepool/core/hex";
import { concat, keccak256 } from "viem";

/** Sorted-pair Merkle trees, as OpenZeppelin's and Solady's MerkleProof verify them. An odd node moves up unchanged. */

const pair = (a: Hex, b: Hex): Hex => keccak256(a.toLowerCase() < b.toLowerCase() ? concat([a, b]) : concat([b, a]));

/** Root and, for each leaf in order, its proof. One leaf is its own root with an empty proof. Throws RangeError on none. */
export function merkleTree(leaves: readonly Hex[]): {
  readonly root: Hex;
  readonly proofs: readonly (readonly Hex[])[];
} {
  if (leaves.length === 0) throw new RangeError("a Merkle tree needs at least one leaf");
  const proofs: Hex[][] = leaves.map(() => []);
  let level = leaves.map((hash, i) => ({ hash, members: [i] }));
  while (level.length > 1) {
    const next: typeof level = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i];
      const right = level[i + 1];
      if (left === undefined) break;
      if (right === undefined) {
        next.push(left);
        continue;
      }
      for (const m of left.members) proofs[m]?.push(right.hash);
      for (const m of right.members) proofs[m]?.push(left.hash);
      next.push({ hash: pair(left.hash, right.hash), members: [...left.members, ...right.members] });
    }
    level = next;
  }
  const root = level[0]?.hash;
  if (root === undefined) throw new RangeError("unreachable: a level is never empty");
  return { root, proofs };
}

/** Where the proof leads from the leaf. */
export function merkleRootOf(leaf: Hex, proof: readonly Hex[]): Hex {
  return proof.reduce(pair, leaf);
}

/** Whether the proof leads from the leaf to the root. */
export function merkleVerify(leaf: Hex, proof: readonly Hex[], root: Hex): boolean {
  return merkleRootOf(leaf, proof).toLowerCase() === root.toLowerCase();
}
