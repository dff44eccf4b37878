import { describe, expect, it } from "vitest";
import { parseIdentity } from "./parse.ts";

const NOW = Date.parse("2026-01-01T00:00:00.000Z");
const good = {
  kind: "wallet",
  address: `0x${"ab".repeat(20)}`,
  label: "Test wallet",
  token: "secret",
  expiresAt: "2026-01-01T00:00:01.000Z",
};

describe("the identity that a tab kept", () => {
  it("goes on when it is whole and has not expired", () => {
    expect(parseIdentity(JSON.stringify(good), NOW)).toEqual(good);
  });

  it.each([
    ["nothing", null],
    ["damage", "{"],
    ["null", "null"],
    ["an unknown kind", JSON.stringify({ ...good, kind: "card" })],
    ["no address", JSON.stringify({ ...good, address: "0x12" })],
    ["no token", JSON.stringify({ ...good, token: 7 })],
    ["one that has expired", JSON.stringify({ ...good, expiresAt: "2026-01-01T00:00:00.000Z" })],
    ["an expiry that is no time", JSON.stringify({ ...good, expiresAt: "soon" })],
  ])("is nobody for %s", (_, text) => expect(parseIdentity(text, NOW)).toBeUndefined());
});
