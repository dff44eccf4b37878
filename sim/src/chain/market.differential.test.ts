import { quantity } from "@corepool/chain/rpc";
import { CASH, type TempMarket, tempMarket } from "@corepool/chain/testing/temp-market";
import type { Hex } from "@corepool/core/hex";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { depositCalldata, withdrawCalldata } from "@corepool/protocol/market/calldata";
import { decodeMarketEvent, termsAfter } from "@corepool/protocol/market/events";
import { accountOf, feesOf, marketSettings } from "@corepool/protocol/market/reads";
import { approveCalldata, balanceOf } from "@corepool/protocol/market/tokens";
import { encodeFunctionData } from "viem";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Cast, type KnownLease, RandomCalls } from "../testing/random-calls.ts";
import { SeededRandom } from "../world/random.ts";
import { type Call, execute } from "./execute.ts";
import { type MarketPlace, MarketState } from "./state.ts";
import { view } from "./view.ts";
import { type MarketLog, Reverted } from "./words.ts";

const CALLS = 200;
let market: TempMarket;
beforeAll(async () => {
  market = await tempMarket();
});
afterAll(() => market.end());

const request = (method: string, ...parameters: readonly unknown[]) => market.endpoint.request(method, parameters);

/** Sends a call from any account; resolves with its block's time, its logs, and why it was refused. */
async function mined(call: Call) {
  const hash = (await request("eth_sendTransaction", { ...call, gas: quantity(3_000_000) })) as Hex;
  for (;;) {
    const outcome = await market.reader.outcome(hash);
    if (outcome === undefined) continue;
    const block = await market.reader.blockByNumber(outcome.blockNumber);
    const range = { from: outcome.blockNumber, to: outcome.blockNumber, addresses: [market.domain.market] };
    const logs = await market.reader.logs(range);
    return { time: Number(block?.timestamp), logs, refused: outcome.status === "reverted", reason: outcome.reason };
  }
}

const bare = ({ topics, data }: MarketLog) => ({ topics: topics.map((topic) => topic.toLowerCase()), data });

it(`the model does what the committed contract does, in ${CALLS} random calls, right and wrong`, {
  timeout: 120_000,
  retry: 0,
}, async () => {
  const { domain, deployment, relayer } = market;
  const others = await Promise.all([market.account(), market.account(), market.account()]);
  const [client2, provider2, key2] = others as [(typeof others)[0], (typeof others)[0], (typeof others)[0]];
  const cast: Cast = {
    domain,
    gp: deployment.gpToken,
    clients: [market.client, client2],
    providers: [market.provider, provider2],
    leaseKeys: [market.leaseKey, key2],
    relayer,
  };
  await request("anvil_autoImpersonateAccount", true);
  for (const { address } of [...cast.clients, ...cast.providers]) {
    await mined({ from: address, to: cast.gp, data: approveCalldata(domain.market, 2n ** 255n) });
  }
  const settings = await marketSettings(market.reader, domain.market);
  const place: MarketPlace = {
    chainId: domain.chainId,
    market: domain.market,
    gp: cast.gp,
    feeBps: 500,
    burnBps: settings.burnBps,
    closeWindow: settings.closeWindowSeconds,
    feeSink: settings.feeSink,
  };
  let state = new MarketState();
  // Each client begins with half of what the first brought in.
  const half = CASH / 2n;
  const [first, second] = cast.clients.map(({ address }) => address) as [Hex, Hex];
  await mined({ from: first, to: domain.market, data: withdrawCalldata(cast.gp, second, half) });
  await mined({ from: second, to: domain.market, data: depositCalldata(cast.gp, half) });
  for (const each of [first, second]) state.setAccount(each, { cash: half, counter: 1, top: 0, window: 0n });
  state.setWallet(domain.market, CASH);
  const random = new SeededRandom(20_261_125, "differential");
  const calls = new RandomCalls(random, cast);
  const leases = new Map<Hex, KnownLease>();
  const tally = { taken: 0, refused: 0 };
  const events = new Set<string>();
  let now = Number((await market.reader.head()).timestamp);

  for (let i = 0; i < CALLS; i++) {
    if (random.chance(0.3)) await request("evm_increaseTime", random.pick([5, 60, 700, 2_000]));
    const call = await calls.next(now, [...leases.values()]);
    const real = await mined(call);
    now = real.time;
    const model = await execute(place, state, call, real.time).catch((error: unknown) => {
      if (error instanceof Reverted) return error;
      throw error;
    });
    const told = `call ${i}: ${call.data.slice(0, 10)}`;
    if (model instanceof Reverted) {
      expect(real, told).toMatchObject({ refused: true });
      expect(real.reason?.split("(")[0], told).toBe(model.message);
      tally.refused += 1;
      continue;
    }
    expect({ refused: real.refused, reason: real.reason }, told).toEqual({ refused: false, reason: undefined });
    expect(model.logs.map(bare), told).toEqual(real.logs.map(bare));
    tally.taken += 1;
    state = model.state;
    for (const log of real.logs) {
      const event = decodeMarketEvent(log);
      if (event === undefined) continue;
      events.add(event.name);
      if (event.name === "LeaseOpened") leases.set(event.args.lease, { id: event.args.lease, terms: event.args.terms });
      if (!("lease" in event.args)) continue;
      const known = leases.get(event.args.lease);
      if (known !== undefined) leases.set(known.id, { id: known.id, terms: termsAfter(known.terms, event) });
    }
    expect(await balances(place, state), told).toEqual({ real: true });
  }

  /** Whether both hold the same for everybody; else what they hold. */
  async function balances(at: MarketPlace, model: MarketState) {
    const accounts = [...cast.clients, ...cast.providers, relayer].map(({ address }) => address);
    const wallets = [...accounts, domain.market, at.feeSink];
    const { reader } = market;
    const real = {
      ledger: await Promise.all(accounts.map((each) => accountOf(reader, domain.market, at.gp, each))),
      wallets: await Promise.all(wallets.map((each) => balanceOf(reader, at.gp, each))),
      fees: await feesOf(reader, domain.market, at.gp),
      units: await Promise.all(slots().map((data) => reader.call(domain.market, data))),
    };
    const mine = {
      ledger: accounts.map((each) => {
        const { cash, counter, top, window } = model.account(each);
        return { cash, counter: Math.max(1, counter), top, window };
      }),
      wallets: wallets.map((each) => model.wallet(each)),
      fees: model.fees,
      units: slots().map((data) => view(at, model, { to: domain.market, data })),
    };
    expect(mine).toEqual(real);
    return { real: true };
  }

  function slots(): readonly Hex[] {
    return cast.providers.flatMap(({ address }) =>
      [1n, 2n, 3n].map((unit) =>
        encodeFunctionData({ abi: leaseMarketAbi, functionName: "unitOf", args: [address, unit] }),
      ),
    );
  }

  // A run that only ever refused, or never closed a lease, would show nothing.
  expect(tally.taken).toBeGreaterThan(CALLS / 4);
  expect(tally.refused).toBeGreaterThan(CALLS / 6);
  for (const name of [
    "LeaseOpened",
    "LeaseSettled",
    "LeaseClosed",
    "CloseRequested",
    "OpenSkipped",
    "SettleSkipped",
    "MandateUsed",
    "FeesCollected",
    "Deposited",
    "Withdrawn",
  ]) {
    expect([...events], name).toContain(name);
  }
});
