import { createECDH, createHmac, hkdfSync } from "node:crypto";
import { codeOf } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import fc from "fast-check";
import { bytesToHex, hexToBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { describe, expect, it } from "vitest";
import { deriveProbeKey, probeAnswer } from "./probe.ts";

const provider = privateKeyToAccount(`0x${"11".repeat(32)}`);
const lease = `0x${"ab".repeat(32)}` as const;
const privateKey = fc.bigInt({ min: 1n, max: 2n ** 255n }).map((n): Hex => `0x${n.toString(16).padStart(64, "0")}`);

describe("deriveProbeKey", () => {
  it("gives both sides the same key, and another lease another one", () => {
    fc.assert(
      fc.property(privateKey, privateKey, (a, b) => {
        const ours = deriveProbeKey(a, privateKeyToAccount(b).publicKey, lease);
        expect(ours).toEqual(deriveProbeKey(b, privateKeyToAccount(a).publicKey, lease));
        expect(ours).toHaveLength(32);
        expect(ours).not.toEqual(deriveProbeKey(a, privateKeyToAccount(b).publicKey, `0x${"ac".repeat(32)}`));
      }),
      { numRuns: 10 },
    );
  });

  it("is what OpenSSL computes from the same parts", () => {
    const ecdh = createECDH("secp256k1");
    ecdh.setPrivateKey("22".repeat(32), "hex");
    const x = ecdh.computeSecret(provider.publicKey.slice(2), "hex");
    const expected = hkdfSync("sha256", x, hexToBytes(lease), "corepool-probe-key-v1", 32);
    const key = deriveProbeKey(`0x${"22".repeat(32)}`, provider.publicKey, lease);
    expect(Buffer.from(key)).toEqual(Buffer.from(expected));
    const nonce = new Uint8Array(32).fill(7);
    const answer = createHmac("sha256", key).update("corepool-probe-v1").update(nonce).digest();
    expect(Buffer.from(probeAnswer(key, nonce))).toEqual(answer);
  });

  it("takes the compressed form for the same key", () => {
    const compressed = bytesToHex(
      Uint8Array.of(
        (hexToBytes(provider.publicKey)[64] ?? 0) % 2 === 0 ? 2 : 3,
        ...hexToBytes(provider.publicKey).slice(1, 33),
      ),
    );
    const ours: Hex = `0x${"33".repeat(32)}`;
    expect(deriveProbeKey(ours, compressed, lease)).toEqual(deriveProbeKey(ours, provider.publicKey, lease));
  });

  it.each([["0x"], ["0x04"], [`0x04${"00".repeat(64)}`], [`0x05${"11".repeat(32)}`]] as const)(
    "refuses %s as a public key",
    (bad) => {
      let caught: unknown;
      try {
        deriveProbeKey(`0x${"33".repeat(32)}`, bad, lease);
      } catch (error) {
        caught = error;
      }
      expect(codeOf(caught)).toBe("bad-signature");
    },
  );
});
