import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Market } from "@corepool/protocol/resources";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { homeOf } from "./home.ts";
import { checkMarket } from "./known-market.ts";

const address = (byte: string) => `0x${byte.repeat(20)}` as const;
const url = "https://market.example";
const market = (leaseMarket: string, tokens: readonly string[] = [address("44")], chainId = 1) =>
  ({ chainId, contracts: { leaseMarket }, tokens: tokens.map((t) => ({ address: t })) }) as unknown as Market;

let dir: string;
let said: string[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "corepool-known-"));
  said = [];
});
afterEach(() => rm(dir, { recursive: true, force: true }));
const home = () => homeOf({ COREPOOL_HOME: dir });
const check = (told: Market, at = { url, local: false }) => checkMarket(home(), at, told, (line) => said.push(line));

describe("a coordinator met before", () => {
  it("is remembered on first contact, said once, in a file of the owner alone", async () => {
    await check(market(address("AA")));
    await check(market(address("aa")), { url: `${url}/`, local: false });
    expect(said).toEqual([`first contact with ${url}: market ${address("aa")} on chain 1; remembered`]);
    expect((await stat(home().knownMarkets)).mode & 0o777).toBe(0o600);
  });

  it("is refused when it names another market, token or chain, and stays refused", async () => {
    await check(market(address("aa")));
    const others = [market(address("bb")), market(address("aa"), [address("55")]), market(address("aa"), undefined, 2)];
    for (const other of [...others, ...others])
      await expect(check(other)).rejects.toMatchObject({ code: "wrong-chain" });
    await expect(check(market(address("aa")))).resolves.toBeUndefined();
    await check(market(address("bb")), { url: "https://other.example", local: false });
    expect(said).toHaveLength(2);
  });

  it("is not trusted anew because the file is damaged", async () => {
    await writeFile(home().knownMarkets, '{"https://mar');
    await expect(check(market(address("aa")))).rejects.toMatchObject({ code: "bad-usage" });
  });
});

describe("a coordinator that runs here", () => {
  it("is held to the record of what was deployed here, and not to its word", async () => {
    const [gpToken, stablecoin, leaseMarket] = [address("44"), address("55"), address("aa")];
    const hash = `0x${"00".repeat(32)}`;
    const addresses = { accessManager: address("01"), unitRegistry: address("02"), gpToken, leaseMarket };
    const record = { version: 1, chainId: 1, genesisHash: hash, deployer: address("03"), complete: true, block: "1" };
    await writeFile(home().deployment, JSON.stringify({ ...record, addresses, stablecoin, steps: [] }));
    const at = { url, local: true };
    await check(market(leaseMarket, [gpToken, stablecoin]), at);
    const lies = [market(address("bb")), market(leaseMarket, [address("66")]), market(leaseMarket, undefined, 2)];
    for (const lie of lies) await expect(check(lie, at)).rejects.toMatchObject({ code: "wrong-chain" });
    expect(said).toEqual([]);
  });
});
