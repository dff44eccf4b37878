import type { Market } from "@corepool/protocol/resources";
import { expect, it } from "vitest";
import { boundsInWords, checkBounds } from "./mandates.ts";

it("says what a mandate may cost at worst, before it is signed", () => {
  const token = { symbol: "GP", decimals: 18 } as Market["tokens"][number];
  const gp = 10n ** 18n;
  const bounds = { token: `0x${"0a".repeat(20)}`, maxRate: gp / 4n, maxEscrow: 5n * gp, maxTotal: 20n * gp } as const;
  const words = boundsInWords({ ...bounds, providers: [], expiry: 1_800_000_000 }, `0x${"0b".repeat(20)}`, token);
  expect(words.join("\n")).toBe(
    `The operator 0x${"0b".repeat(20)} may sign for you until 2027-01-15T08:00:00.000Z:
  machines of any provider, at most 900 GP/h each, at most 5 GP in one lease, 20 GP in all.
  Largest loss if he is dishonest: 20 GP, all of it. It can be revoked.`,
  );
  const providers = [bounds.token];
  const whole = boundsInWords({ ...bounds, maxEscrow: 20n * gp, providers, expiry: 1 }, bounds.token, token);
  expect(whole[1]).toBe("  machines of 1 named provider(s), at most 900 GP/h each, 20 GP in all.");
});

it("refuses bounds that allow nothing or contradict each other, and names the flag", () => {
  const good = { maxRate: 1n, maxEscrow: 2n, maxTotal: 2n };
  expect(() => checkBounds(good)).not.toThrow();
  expect(() => checkBounds({ ...good, maxTotal: 0n, maxEscrow: 0n })).toThrow(/--max-total is 0/);
  expect(() => checkBounds({ ...good, maxEscrow: 0n })).toThrow(/--max-escrow is 0/);
  expect(() => checkBounds({ ...good, maxRate: 0n })).toThrow(/--max-rate is 0/);
  expect(() => checkBounds({ ...good, maxEscrow: 3n })).toThrow(/--max-escrow.*is above --max-total/);
});
