import fc from "fast-check";
import { keccak256, toHex } from "viem";
import { describe, expect, it } from "vitest";
import { merkleTree, merkleVerify } from "./merkle.ts";

const leaf = (n: number) => keccak256(toHex(n));

describe("Merkle trees", () => {
  it("prove every leaf, and no other", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), (count) => {
        const leaves = Array.from({ length: count }, (_, i) => leaf(i));
        const { root, proofs } = merkleTree(leaves);
        for (const [i, l] of leaves.entries()) {
          expect(merkleVerify(l, proofs[i] ?? [], root)).toBe(true);
          expect(merkleVerify(leaf(1_000 + i), proofs[i] ?? [], root)).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("is its own root when alone", () => {
    expect(merkleTree([leaf(1)])).toEqual({ root: leaf(1), proofs: [[]] });
  });

  it("refuses to be empty", () => {
    expect(() => merkleTree([])).toThrow(RangeError);
  });
});
