import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Market } from "@corepool/protocol/resources";
import { expect, it } from "vitest";
import { homeOf } from "./home.ts";
import { keptMandate, keptMandates, saveMandate } from "./mandate-file.ts";

const market = { chainId: 31_337, contracts: { leaseMarket: `0x${"0c".repeat(20)}` } } as Market;
const message = (salt: number) => ({
  client: `0x${"01".repeat(20)}` as const,
  operator: `0x${"02".repeat(20)}` as const,
  token: `0x${"03".repeat(20)}` as const,
  maxRate: "1",
  maxEscrow: "2",
  maxTotal: "3",
  providers: `0x${"00".repeat(32)}` as const,
  expiry: 1_900_000_000,
  counter: 1,
  salt,
});

it("keeps each mandate for its owner alone, also before it has an id and when an id comes twice", async () => {
  const home = homeOf({ COREPOOL_HOME: await mkdtemp(join(tmpdir(), "corepool-mandates-")) });
  try {
    expect(await keptMandates(home, "mdt_1")).toEqual([]);
    const first = { ...keptMandate("http://a", null, market, message(1)), signature: "0xaa" } as const;
    const second = { ...keptMandate("http://a", null, market, message(2)), signature: "0xbb" } as const;
    expect(second.hash).not.toBe(first.hash);
    await saveMandate(home, first);
    expect(await keptMandates(home, first.hash)).toEqual([first]);
    await saveMandate(home, { ...first, id: "mdt_1" });
    await saveMandate(home, { ...second, id: "mdt_1" });
    const salts = (await keptMandates(home, "mdt_1")).map((each) => each.mandate.salt);
    expect(salts.toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect((await stat(home.mandates)).mode & 0o077).toBe(0);
    expect((await stat(join(home.mandates, `${first.hash}.json`))).mode & 0o077).toBe(0);
  } finally {
    await rm(home.dir, { recursive: true, force: true });
  }
});
