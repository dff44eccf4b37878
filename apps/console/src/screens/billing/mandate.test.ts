import { describe, expect, it } from "vitest";
import { type KeptMandate, parseKept, withKept } from "../../mandates/copy.ts";
import { type MandateView, mandateRows, parseAddresses, shareOf } from "./mandate.ts";

const A = `0x${"a1".repeat(20)}` as const;
const B = `0x${"b2".repeat(20)}` as const;
const MARKET = `0x${"c3".repeat(20)}` as const;
const NOW = 1_800_000_000_000;
const message = (total: string, expiry = NOW / 1_000 + 60): KeptMandate["mandate"] => ({
  client: A,
  operator: B,
  token: MARKET,
  maxRate: "1",
  maxEscrow: total,
  maxTotal: total,
  providers: `0x${"00".repeat(32)}`,
  expiry,
  counter: 1,
  salt: 1,
});
const kept = (hash: string, id: string | null, total = "10", more: Partial<KeptMandate> = {}): KeptMandate => ({
  id,
  hash: `0x${hash.repeat(32)}`,
  chainId: 1,
  market: MARKET,
  mandate: message(total),
  providers: [],
  signature: "0x12",
  ...more,
});
const view = (id: string, total: string, revokedAt: string | null = null): MandateView => ({
  id,
  mandate: message(total),
  providers: [],
  committed: "3",
  revokedAt,
});

describe("the mandates of an account", () => {
  it("are told by what was signed here, not by what the coordinator says was signed", () => {
    const [row] = mandateRows([view("mdt_1", "999")], [kept("01", "mdt_1", "10")], A, NOW);
    expect(row).toMatchObject({ state: "granted", committed: "3", mandate: { maxTotal: "10" } });
    expect(row?.copies).toHaveLength(1);
    expect(mandateRows([view("mdt_1", "999")], [], A, NOW)[0]).toMatchObject({
      mandate: { maxTotal: "999" },
      copies: [],
    });
  });

  it("keep one that the coordinator never confirmed, so that it can be revoked", () => {
    const rows = mandateRows([view("mdt_1", "10")], [kept("01", "mdt_1"), kept("02", null)], A, NOW);
    expect(rows.map(({ key, state }) => [key, state])).toEqual([
      [`0x${"02".repeat(32)}`, "unconfirmed"],
      ["mdt_1", "granted"],
    ]);
  });

  it("are revoked once the chain has it, and expire; those of others are left out", () => {
    const revoked = kept("01", "mdt_1", "10", { revokedIn: "0x11" });
    expect(mandateRows([view("mdt_1", "10")], [revoked], A, NOW)[0]?.state).toBe("revoked");
    // One id that a dishonest coordinator gave twice stays open until both are revoked.
    expect(mandateRows([view("mdt_1", "10")], [revoked, kept("02", "mdt_1")], A, NOW)[0]?.state).toBe("granted");
    expect(mandateRows([view("mdt_1", "10", "2026-01-01T00:00:00.000Z")], [], A, NOW)[0]?.state).toBe("revoked");
    expect(mandateRows([view("mdt_1", "10")], [], A, NOW + 60_000)[0]?.state).toBe("expired");
    // The coordinator's word that one is revoked does not do: the chain may still honour what was signed here.
    const dropped = view("mdt_1", "10", "2026-01-01T00:00:00.000Z");
    expect(mandateRows([dropped], [kept("01", "mdt_1")], A, NOW)[0]?.state).toBe("dropped");
    expect(mandateRows([dropped], [revoked], A, NOW)[0]?.state).toBe("revoked");
    expect(mandateRows([dropped], [kept("01", "mdt_1")], A, NOW + 60_000)[0]?.state).toBe("expired");
    const foreign = [
      kept("03", null, "10", { chainId: 2 }),
      kept("04", null, "10", { market: B }),
      kept("05", null, "10", { mandate: { ...message("10"), client: B } }),
    ];
    // The coordinator may name another market since: what was signed for the one before holds there.
    expect(mandateRows([], foreign, A, NOW).map(({ copies }) => copies[0]?.hash.slice(0, 4))).toEqual(["0x03", "0x04"]);
  });

  it("are kept under their hash, and what is damaged is left out", () => {
    const list = withKept(withKept([kept("01", null)], kept("02", null)), kept("01", "mdt_1"));
    expect(list.map(({ hash, id }) => [hash.slice(0, 4), id])).toEqual([
      ["0x01", "mdt_1"],
      ["0x02", null],
    ]);
    expect(parseKept(JSON.stringify([...list, { hash: "0x" }, null, 7]))).toEqual(list);
    for (const text of [null, "", "{", "7", "{}"]) expect(parseKept(text)).toEqual([]);
  });
});

describe("a share of a cap", () => {
  it("is exact for amounts beyond what a number can hold, and never above all of it", () => {
    expect(shareOf("5000000000000000000001", "10000000000000000000000")).toBe(0.5);
    expect([shareOf("0", "0"), shareOf("1", "0"), shareOf("7", "5")]).toEqual([0, 1, 1]);
  });
});

describe("addresses as people type them", () => {
  it("are taken with commas, spaces or lines between, each once, and a wrong one is named", () => {
    expect(parseAddresses(` ${A}, ${B}\n${A} `)).toEqual({ addresses: [A, B] });
    expect(parseAddresses("")).toEqual({ addresses: [] });
    expect(parseAddresses(`${A},0x12`)).toEqual({ addresses: [], wrong: "0x12" });
  });
});
