import fc from "fast-check";
import { privateKeyToAccount } from "viem/accounts";
import { createSiweMessage } from "viem/siwe";
import { describe, expect, it } from "vitest";
import { readSignInMessage, writeSignInMessage } from "./sign-in-message.ts";

const { address } = privateKeyToAccount(`0x${"01".repeat(32)}`);
const base = {
  address,
  domain: "pool.example",
  uri: "https://pool.example",
  version: "1" as const,
  chainId: 1,
  nonce: "a".repeat(16),
  issuedAt: new Date(0),
};

describe("ERC-4361 messages", () => {
  it("are read as viem writes them, with and without every optional part", () => {
    const optional = {
      statement: "Sign in.",
      expirationTime: new Date(1000),
      notBefore: new Date(500),
      requestId: "r-1",
      resources: ["https://a.example/x", "ipfs://b"],
    };
    const names = Object.keys(optional) as (keyof typeof optional)[];
    for (let mask = 0; mask < 2 ** names.length; mask++) {
      const chosen = Object.fromEntries(names.filter((_, i) => (mask >> i) & 1).map((name) => [name, optional[name]]));
      const text = createSiweMessage({ ...base, ...chosen });
      const message = readSignInMessage(text);
      expect(message, text).toBeDefined();
      expect(message?.statement).toBe(mask & 1 ? "Sign in." : undefined);
      expect(message?.resources).toEqual(mask & 16 ? optional.resources : undefined);
      if (message !== undefined) expect(writeSignInMessage(message)).toBe(text);
    }
  });

  it("are not read when they are not exactly as written", () => {
    const text = createSiweMessage({ ...base, statement: "Sign in.", expirationTime: new Date(1000) });
    const forged = [
      text.replace(address, address.toLowerCase()),
      text.replace("Version: 1\nChain ID: 1", "Chain ID: 1\nVersion: 1"),
      text.replace("Chain ID: 1", "Chain ID: 01"),
      text.replace("Chain ID: 1", "Chain ID: 1e0"),
      text.replace("Chain ID: 1", "Chain ID:  1"),
      text.replaceAll("\n", "\r\n"),
      `${text}\n`,
      ` ${text}`,
      `${text}\nNonce: other`,
      `${text}\nExpiration Time: 2099-01-01T00:00:00Z`,
      `${text}\nResources:\nhttps://no.dash`,
      text.replace("Sign in.", "Sign in.\n\nURI: https://evil.example"),
      text.replace(/Nonce: .*\n/, ""),
      "",
      "\n".repeat(20),
    ];
    for (const candidate of forged) expect(readSignInMessage(candidate), candidate).toBeUndefined();
  });

  it("are never read into something that would be written differently", () => {
    const text = createSiweMessage({ ...base, statement: "Sign in.", expirationTime: new Date(1000) });
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(3), fc.string({ maxLength: 4 }), (at, cut, insert) => {
        const changed = text.slice(0, at) + insert + text.slice(at + cut);
        const message = readSignInMessage(changed);
        return message === undefined || writeSignInMessage(message) === changed;
      }),
    );
  });
});
