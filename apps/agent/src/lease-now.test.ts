import { type TempMarket, tempMarket } from "@corepool/chain/testing/temp-market";
import type { Hex } from "@corepool/core/hex";
import {
  closeNowCalldata,
  openCalldata,
  requestCloseCalldata,
  settleCalldata,
} from "@corepool/protocol/market/calldata";
import { decodeMarketEvent } from "@corepool/protocol/market/events";
import type { TermsMessage } from "@corepool/protocol/spec";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leaseNow } from "./lease-now.ts";

describe("leaseNow", () => {
  let market: TempMarket;
  beforeAll(async () => {
    market = await tempMarket();
  }, 60_000);
  afterAll(() => market?.end());

  const now = (terms: TermsMessage, lease: Hex) =>
    leaseNow(terms, lease, { chain: market.reader, domain: market.domain });
  const act = (data: Hex, party = market.relayer) => market.act(party, market.domain.market, data);

  async function open(nonce: number): Promise<{ readonly lease: Hex; readonly terms: TermsMessage }> {
    const match = await market.match(1n, nonce);
    const tx = await act(openCalldata({ ...match, offerProof: [], unitProof: [] }));
    const block = (await market.reader.outcome(tx))?.blockNumber ?? 0n;
    const logs = await market.reader.logs({ from: block, to: block, addresses: [market.domain.market] });
    const opened = logs.map(decodeMarketEvent).find((event) => event?.name === "LeaseOpened");
    if (opened?.name !== "LeaseOpened") throw new Error("no lease was opened");
    return opened.args;
  }

  it("follows a lease through what others do to its terms, and calls it over only when its unit went on", async () => {
    const { lease, terms } = await open(1);
    expect(await now(terms, lease)).toEqual({ state: "live", terms });

    const part = await market.note(terms, lease, BigInt(terms.rate));
    await act(settleCalldata({ ...part, closeSig: "0x" }));
    const paid = { ...terms, paid: terms.rate };
    expect(await now(terms, lease)).toEqual({ state: "live", terms: paid });

    await act(requestCloseCalldata(paid), market.client);
    const requested = await now(terms, lease);
    expect(requested).toMatchObject({ state: "live", terms: { paid: terms.rate, closeAt: expect.any(Number) } });
    if (requested.state !== "live") return;
    expect(requested.terms.closeAt).toBeGreaterThan(terms.start);

    const last = { terms: requested.terms, total: BigInt(terms.rate), noteSig: "0x", closeSig: "0x" } as const;
    await act(closeNowCalldata(last), market.provider);
    expect(await now(terms, lease)).toEqual({ state: "over" });

    const next = await open(2);
    expect(next.terms.seq).toBe(terms.seq + 1);
    expect(await now(terms, lease)).toEqual({ state: "over" });
    expect(await now(next.terms, next.lease)).toEqual({ state: "live", terms: next.terms });
  });

  it("does not call a lease over that the chain never opened", async () => {
    const { offer, order } = await market.match(2n, 4);
    const never: TermsMessage = {
      ...{ provider: offer.provider, unit: "2", seq: 0, client: order.client, payTo: offer.provider, key: order.key },
      ...{ token: offer.token, rate: offer.rate, escrow: offer.rate, paid: "0", start: 1, end: 2, maxEnd: 2 },
      ...{ closeAt: 0, grace: 1, feeBps: 0, funder: `0x${"00".repeat(20)}`, fundingRef: `0x${"00".repeat(32)}` },
    };
    expect(await now(never, `0x${"01".repeat(32)}`)).toEqual({ state: "absent" });
  });
});
