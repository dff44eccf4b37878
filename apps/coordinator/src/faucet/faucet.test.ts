import type { Address } from "@corepool/core/hex";
import { withdrawCalldata } from "@corepool/protocol/market/calldata";
import { balanceOf } from "@corepool/protocol/market/tokens";
import { getGrant, requestFunds } from "@corepool/protocol/routes/faucet";
import { getMarket } from "@corepool/protocol/routes/market";
import { call } from "@corepool/sdk/call";
import { createClient } from "@corepool/sdk/client";
import { zeroAddress } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../platform/adapters/system-clock.ts";
import { systemRandom } from "../platform/adapters/system-random.ts";
import { type TestMarket, testMarket, until } from "../testing/market.ts";
import { Faucet } from "./faucet.ts";

const PER_DAY = 4;
const GP = 10n ** 18n;
let market: TestMarket;
beforeAll(async () => {
  market = await testMarket({ COREPOOL_FAUCET_PER_DAY: String(PER_DAY), COREPOOL_READS_PER_MINUTE: "100000" });
  await market.node("anvil_setBalance", market.relayer.address, `0x${(100n * 10n ** 18n).toString(16)}`);
  // Not quite enough play GP for one grant.
  const { gpToken, leaseMarket } = market.deployment;
  await market.act(market.client, leaseMarket, withdrawCalldata(gpToken, market.relayer.address, 90n * GP));
});
afterAll(() => market.endAll());

/** Nobody: a faucet asks for no sign-in. */
const anyone = () => createClient({ url: market.url, fetch, clock: systemClock, random: systemRandom, patienceMs: 0 });
const fresh = (): Address => privateKeyToAddress(generatePrivateKey());
const ask = (address: Address) => call(anyone(), requestFunds, { body: { address } });
const outcome = (id: string) =>
  until(async () => {
    const grant = await call(anyone(), getGrant, { params: { id } });
    return grant.state === "queued" ? undefined : grant;
  });
const code = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error: { readonly code?: string; readonly data?: unknown }) => [error.code, error.data] as const,
  );

describe("the faucet of a local market", () => {
  it("gives what the market's description says, once per request, and never beyond its caps", async () => {
    const { faucet } = await call(market.api, getMarket, {});
    expect(faucet).toMatchObject({ perAddressPerDay: 2, perDay: PER_DAY });
    expect(faucet?.gives.map((give) => give.symbol)).toEqual(["ETH", "GP", "USDC"]);

    expect((await code(ask(zeroAddress)))[0]).toBe("bad-request");
    const address = fresh();
    // The first request finds too little play GP: it gives nothing, no gas money either, does not count, and says why.
    const unlucky = fresh();
    const poor = await outcome((await ask(unlucky)).id);
    expect(poor).toMatchObject({ state: "failed", transactions: [] });
    expect(await market.node("eth_getBalance", unlucky, "latest")).toBe("0x0");
    expect(poor.detail).not.toBe("");
    const { gpToken, stablecoin, leaseMarket } = market.deployment;
    await market.act(market.client, leaseMarket, withdrawCalldata(gpToken, market.relayer.address, 900n * GP));

    const given = await outcome((await ask(address)).id);
    expect(given.state).toBe("given");
    expect(given.transactions).toHaveLength(3);
    expect(await market.node("eth_getBalance", address, "latest")).toBe(`0x${(10n ** 18n).toString(16)}`);
    expect(await balanceOf(market.reader, gpToken, address)).toBe(100n * GP);
    expect(await balanceOf(market.reader, stablecoin, address)).toBe(100n * 10n ** 6n);

    // Neither one address nor all together get more than their share, however many ask at once.
    await ask(address);
    expect(await code(ask(address))).toEqual([
      "faucet-empty",
      expect.objectContaining({ retryAfter: expect.any(Number) }),
    ]);
    const many = await Promise.all(Array.from({ length: 6 }, () => code(ask(fresh()))));
    expect(many.filter((result) => result === "none")).toHaveLength(PER_DAY - 2);
    // Their day is over, and the caps with it: they are counted in the database.
    await market.stop();
    await market.start();
    expect((await code(ask(fresh())))[0]).toBe("faucet-empty");
    market.advance(86_400_000);
    expect(await code(ask(address))).toBe("none");
  });
});

describe("a market without a faucet", () => {
  it("says so, in its description and to who asks", async () => {
    const other = await testMarket();
    try {
      expect((await call(other.api, getMarket, {})).faucet).toBeNull();
      expect((await code(call(other.api, requestFunds, { body: { address: fresh() } })))[0]).toBe("no-faucet");
    } finally {
      await other.endAll();
    }
  });

  it("is any on a chain that is not local: a faucet there is refused at the start", () => {
    const platform = { config: { faucetPerDay: 1 }, deployment: { chainId: 1 } };
    expect(() => new Faucet({ platform: platform as never, tokens: [] })).toThrow(
      expect.objectContaining({ code: "setup-failed" }),
    );
  });
});
