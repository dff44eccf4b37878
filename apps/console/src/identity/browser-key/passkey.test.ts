import { describe, expect, it } from "vitest";
import { passkeysPossible } from "./passkey.ts";

describe("passkeys", () => {
  it.each([
    ["localhost", true, "yes"],
    ["pool.example", true, "yes"],
    ["pool.example", false, "needs-https"],
    ["127.0.0.1", true, "needs-name"],
    ["[::1]", true, "needs-name"],
    ["192.168.0.7", false, "needs-name"],
  ] as const)("on %s (secure: %s): %s", (host, secure, expected) =>
    expect(passkeysPossible(host, secure)).toBe(expected),
  );
});
