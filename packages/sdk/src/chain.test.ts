import { custom, encodeAbiParameters, type Hex, toFunctionSelector } from "viem";
import { describe, expect, it } from "vitest";
import { checkToken, openChain, withdraw } from "./chain.ts";

const OWN = `0x${"a1".repeat(20)}` as const;
const MARKET = `0x${"b2".repeat(20)}` as const;
const OTHER_TOKEN = `0x${"c3".repeat(20)}` as const;
const SENT: Hex = `0x${"11".repeat(32)}`;
const OTHER: Hex = `0x${"22".repeat(32)}`;
const BLOCK: Hex = `0x${"33".repeat(32)}`;

const transaction = (hash: Hex, to: Hex, input: Hex, more: object = {}) => ({
  ...{
    hash,
    to,
    input,
    from: OWN,
    nonce: "0x5",
    value: "0x0",
    gas: "0x5208",
    gasPrice: "0x1",
    chainId: "0x1",
    type: "0x0",
  },
  ...{ blockHash: null, blockNumber: null, transactionIndex: null, v: "0x1b", r: "0x1", s: "0x1" },
  ...more,
});

/** A chain in which the place of a wallet's transaction is taken by another one, or by none at all. */
function chainWith(taken: "none" | "cancelled" | "repriced") {
  let sentData: Hex = "0x";
  let number = 10;
  const mined = { blockHash: BLOCK, blockNumber: "0xc", transactionIndex: "0x0" };
  const replacement = () =>
    taken === "cancelled"
      ? transaction(OTHER, OWN, "0x", mined)
      : transaction(OTHER, MARKET, sentData, { ...mined, gasPrice: "0x9" });
  const answer = (method: string, params: readonly unknown[]): unknown => {
    switch (method) {
      case "eth_chainId":
        return "0x1";
      case "eth_blockNumber":
        return `0x${(number++).toString(16)}`;
      case "eth_call":
        return "0x";
      case "eth_estimateGas":
        return "0x5208";
      case "eth_sendTransaction":
        sentData = (params[0] as { readonly data: Hex }).data;
        return SENT;
      case "eth_getTransactionByHash":
        return params[0] === SENT ? transaction(SENT, MARKET, sentData) : replacement();
      case "eth_getTransactionReceipt":
        return params[0] === OTHER
          ? {
              ...mined,
              transactionHash: OTHER,
              from: OWN,
              to: MARKET,
              status: "0x1",
              logs: [],
              logsBloom: "0x",
              gasUsed: "0x1",
              cumulativeGasUsed: "0x1",
              effectiveGasPrice: "0x1",
              contractAddress: null,
              type: "0x0",
            }
          : null;
      case "eth_getBlockByNumber":
        return {
          number: "0xc",
          hash: BLOCK,
          timestamp: "0x1",
          gasLimit: "0x1",
          gasUsed: "0x1",
          size: "0x1",
          transactions: taken === "none" ? [] : [replacement()],
        };
      default:
        throw new Error(`${method} is not scripted`);
    }
  };
  const transport = custom(
    {
      request: ({ method, params }: { readonly method: string; readonly params?: readonly unknown[] }) =>
        Promise.resolve(answer(method, params ?? [])),
    },
    { retryCount: 0 },
  );
  return openChain({
    transport,
    chainId: 1,
    market: MARKET,
    account: { address: OWN, type: "json-rpc" },
    patienceMs: 3_000,
  });
}

describe("a transaction that a wallet has sent", () => {
  it("is not taken for done when the wallet cancelled it", async () => {
    const sent = withdraw(await chainWith("cancelled"), MARKET, OWN, 1n);
    await expect(sent).rejects.toMatchObject({ code: "call-reverted", data: { hash: SENT, reason: "cancelled" } });
  });

  it("is done when the wallet sent the same once more at a higher fee", async () => {
    expect(await withdraw(await chainWith("repriced"), MARKET, OWN, 1n)).toBe(OTHER);
  });

  it("is not waited for beyond the patience that was asked for", async () => {
    const begun = performance.now();
    await expect(withdraw(await chainWith("none"), MARKET, OWN, 1n)).rejects.toMatchObject({
      code: "chain-unavailable",
      cause: { name: "WaitForTransactionReceiptTimeoutError" },
    });
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

describe("what a coordinator says of a token", () => {
  const answers: Readonly<Record<string, Hex>> = {
    [toFunctionSelector("decimals()")]: encodeAbiParameters([{ type: "uint8" }], [18]),
    [toFunctionSelector("symbol()")]: encodeAbiParameters([{ type: "string" }], ["GP"]),
  };
  const request = ({ method, params }: { readonly method: string; readonly params?: unknown }) =>
    Promise.resolve(
      method === "eth_chainId" ? "0x1" : answers[(params as readonly [{ readonly data: Hex }])[0].data.slice(0, 10)],
    );

  it("is held against its contract", async () => {
    const chain = await openChain({ transport: custom({ request }), chainId: 1, market: MARKET });
    await checkToken(chain, { address: OTHER_TOKEN, symbol: "GP", decimals: 18 });
    for (const said of [
      { symbol: "GP", decimals: 6 },
      { symbol: "USDC", decimals: 18 },
    ])
      await expect(checkToken(chain, { address: OTHER_TOKEN, ...said })).rejects.toMatchObject({ code: "wrong-chain" });
  });
});
