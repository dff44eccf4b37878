import type { Hex } from "@corepool/core/hex";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { digestOf, leaseId, usageReportData } from "@corepool/protocol/eip712";
import type { Receipt } from "@corepool/protocol/resources";
import type { OutputFile, UsageReport } from "@corepool/protocol/spec";
import {
  createPublicClient,
  custom,
  encodeAbiParameters,
  encodeEventTopics,
  numberToHex,
  zeroAddress,
  zeroHash,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { expect, it } from "vitest";
import type { MarketChain } from "./chain.ts";
import { outputsHash } from "./usage.ts";
import { verifyReceipt } from "./verify-receipt.ts";

const address = (digit: string): Hex => `0x${digit.repeat(40)}`;
const hash = (digit: string): Hex => `0x${digit.repeat(64)}`;
const market = address("7");
const chainId = 31_337;
const OPEN = hash("a");
const CLOSE = hash("c");

const terms = {
  provider: address("1"),
  unit: "5",
  seq: 3,
  client: address("2"),
  payTo: address("3"),
  key: address("4"),
  token: address("6"),
  rate: "100",
  escrow: "60000",
  paid: "0",
  start: 1_800_000_000,
  end: 1_800_000_600,
  maxEnd: 1_800_001_000,
  closeAt: 0,
  grace: 60,
  feeBps: 500,
  funder: zeroAddress,
  fundingRef: zeroHash,
} satisfies Receipt["terms"];
const lease = leaseId({ chainId, market }, terms.provider, 5n, 3);
const leaseOfTerms = lease;

/** 40,000 paid in two steps, the fee of the first told by LeaseSettled. */
const receipt: Receipt = {
  workload: "wkl_01" as Receipt["workload"],
  lease,
  chainId,
  market,
  token: { address: terms.token, symbol: "GP", decimals: 18 } as Receipt["token"],
  terms,
  billedMs: 400_000,
  total: "40000",
  provider: { account: terms.payTo, paid: "38000" },
  fee: "2000",
  burn: "1200",
  refund: "20000",
  noteTotal: "40000",
  noteSignature: null,
  usage: null,
  usageSignature: null,
  openTx: OPEN,
  closeTx: CLOSE,
  burnTx: null,
  final: true,
};

interface Told {
  readonly lease?: Hex;
  readonly opened?: Partial<typeof terms>;
  readonly closed?: Partial<{ lease: Hex; paid: bigint; fee: bigint; refund: bigint }>;
  readonly settledFee?: bigint;
  readonly by?: Hex;
}

type Name = "LeaseOpened" | "LeaseClosed" | "LeaseSettled";

function log(name: Name, args: Record<string, unknown>, by: Hex = market) {
  const event = leaseMarketAbi.find((item) => item.type === "event" && item.name === name);
  if (event?.type !== "event") throw new Error(name);
  const plain = event.inputs.filter(({ indexed }) => !indexed);
  return {
    address: by,
    topics: encodeEventTopics({ abi: leaseMarketAbi, eventName: name, args } as never),
    data: encodeAbiParameters(
      plain,
      plain.map((input) => args[input.name]),
    ),
    blockNumber: "0x1",
    blockHash: hash("b"),
    transactionHash: OPEN,
    transactionIndex: "0x0",
    logIndex: "0x0",
    removed: false,
  };
}

/** An endpoint that knows two transactions and the settlement between them. */
function chainOf(told: Told = {}): MarketChain {
  const t = { ...terms, ...told.opened };
  const lease = told.lease ?? leaseOfTerms;
  const opened = log(
    "LeaseOpened",
    {
      lease,
      client: t.client,
      provider: t.provider,
      tokenRate: (BigInt(t.token) << 96n) | BigInt(t.rate),
      keyUnitSeq: (BigInt(t.key) << 96n) | (BigInt(t.unit) << 32n) | BigInt(t.seq),
      payToStartGraceFee: (BigInt(t.payTo) << 96n) | (BigInt(t.start) << 48n) | BigInt((t.grace << 16) | t.feeBps),
      escrowEnds: (BigInt(t.escrow) << 128n) | (BigInt(t.end) << 40n) | BigInt(t.maxEnd),
      offerHash: zeroHash,
      orderHash: zeroHash,
    },
    told.by,
  );
  const closed = log(
    "LeaseClosed",
    { lease, paid: 40_000n, fee: 1_500n, refund: 20_000n, reason: 1, ...told.closed },
    told.by,
  );
  // Another lease in the same transactions, before ours.
  const other = log("LeaseClosed", { lease: hash("e"), paid: 1n, fee: 1n, refund: 1n, reason: 1 });
  const settled = log("LeaseSettled", { lease, total: 10_000n, amount: 9_500n, fee: told.settledFee ?? 500n });
  const request = async ({ method, params }: { method: string; params?: unknown }): Promise<unknown> => {
    if (method === "eth_getLogs") {
      const [filter] = params as [{ fromBlock: Hex; toBlock: Hex }];
      return filter.fromBlock === "0x10" && filter.toBlock === "0x20" ? [settled] : [];
    }
    if (method === "eth_getTransactionReceipt") {
      const [id] = params as [Hex];
      return {
        transactionHash: id,
        blockNumber: numberToHex(id === OPEN ? 0x10 : 0x20),
        logs: id === OPEN ? [other, opened] : [other, closed],
        status: "0x1",
      };
    }
    throw new Error(method);
  };
  const reader = createPublicClient({ transport: custom({ request } as never) });
  return { chainId, market, reader, send: () => Promise.reject(new Error("nothing to send")) };
}

it("says what the chain's figures add up to when that is not the escrow", async () => {
  const { code, data } = { code: "receipt-mismatch", data: { what: "escrow", receipt: "60001", chain: "60000" } };
  const more = { ...receipt, terms: { ...terms, escrow: "60001" } };
  await expect(verifyReceipt(chainOf(), more, [])).rejects.toMatchObject({ code, data });
});

const mismatch = (what: string) => ({ code: "receipt-mismatch", data: expect.objectContaining({ what }) });

it("takes a receipt that the chain bears out, and says what the chain says", async () => {
  await expect(verifyReceipt(chainOf(), receipt, [])).resolves.toEqual({
    total: 40_000n,
    providerPaid: 38_000n,
    fee: 2_000n,
    refund: 20_000n,
    openBlock: 0x10n,
    closeBlock: 0x20n,
  });
});

it("reads addresses and the lease in any case", async () => {
  const upper = (hex: Hex): Hex => `0x${hex.slice(2).toUpperCase()}`;
  await expect(verifyReceipt(chainOf(), { ...receipt, lease: upper(lease) }, [])).resolves.toMatchObject({
    fee: 2_000n,
  });
});

it.each<[string, Partial<Receipt>]>([
  ["market", { market: address("8") }],
  ["market", { chainId: 1 }],
  ["lease", { lease: hash("d") }],
  ["total", { total: "40001" }],
  ["provider's pay", { provider: { account: terms.payTo, paid: "38001" } }],
  ["fee", { fee: "1999" }],
  ["refund", { refund: "20001" }],
  ["client", { terms: { ...terms, client: address("9") } }],
  ["payTo", { terms: { ...terms, payTo: address("9") } }],
  ["key", { terms: { ...terms, key: address("9") } }],
  ["token", { terms: { ...terms, token: address("9") } }],
  ["rate", { terms: { ...terms, rate: "101" } }],
  ["start", { terms: { ...terms, start: terms.start + 1 } }],
  ["grace", { terms: { ...terms, grace: 61 } }],
  ["feeBps", { terms: { ...terms, feeBps: 501 } }],
  ["escrow", { terms: { ...terms, escrow: "60001" } }],
])("refuses another %s", async (what, change) => {
  await expect(verifyReceipt(chainOf(), { ...receipt, ...change }, [])).rejects.toMatchObject(mismatch(what));
});

it.each<[string, Told]>([
  ["provider", { opened: { provider: address("9") } }],
  ["unit", { opened: { unit: "6" } }],
  ["seq", { opened: { seq: 4 } }],
  ["fee", { settledFee: 501n }],
  ["opening transaction", { by: address("9") }],
])("refuses when the chain tells of another %s", async (what, told) => {
  const change = what === "fee" ? { provider: { account: terms.payTo, paid: "37999" } } : {};
  await expect(verifyReceipt(chainOf(told), { ...receipt, ...change }, [])).rejects.toMatchObject(mismatch(what));
});

/** A usage report of the lease, and its provider's key. */
const outputs: readonly OutputFile[] = [
  { path: "b", hash: `sha256:${"2".repeat(64)}`, sizeBytes: 2 },
  { path: "a", hash: `sha256:${"1".repeat(64)}`, sizeBytes: 1 },
];
const provider = privateKeyToAccount(hash("5"));
async function reported(change: Partial<UsageReport> = {}): Promise<Receipt> {
  const mine = { ...terms, provider: provider.address };
  const own = leaseId({ chainId, market }, provider.address, 5n, 3);
  const usage: UsageReport = {
    lease: own,
    attempt: "att_01",
    startedAtMs: "0",
    endedAtMs: "400000",
    frozenMs: "0",
    cpuMs: "1",
    maxRssBytes: "1",
    exitCode: 0,
    reason: "completed",
    outputs: outputsHash(outputs),
    ...change,
  };
  const usageSignature = await provider.sign({ hash: digestOf(usageReportData({ chainId, market }, usage)) });
  return { ...receipt, terms: mine, lease: own, usage, usageSignature };
}

it("takes a usage report that the provider signed for these outputs, in whatever order, and no other", async () => {
  const good = await reported();
  const chain = chainOf({ lease: good.lease, opened: { provider: provider.address } });
  await expect(verifyReceipt(chain, good, outputs)).resolves.toMatchObject({ fee: 2_000n });
  await expect(verifyReceipt(chain, good, [...outputs].reverse())).resolves.toMatchObject({ fee: 2_000n });
  const [first] = outputs;
  if (first === undefined) throw new Error("no output");
  for (const others of [[], [first], [first, { ...first, path: "a" }]])
    await expect(verifyReceipt(chain, good, others)).rejects.toMatchObject(mismatch("outputs"));
  // A report that is left out says nothing for outputs that are there.
  const silent = { ...good, usage: null, usageSignature: null };
  for (const shown of [outputs, [first]])
    await expect(verifyReceipt(chain, silent, shown)).rejects.toMatchObject(mismatch("outputs"));
  await expect(verifyReceipt(chain, silent, [])).resolves.toMatchObject({ fee: 2_000n });
  // Hashes are the same in either case.
  const loud = await reported({ outputs: `0x${outputsHash(outputs).slice(2).toUpperCase()}` });
  await expect(verifyReceipt(chain, loud, outputs)).resolves.toMatchObject({ fee: 2_000n });
  const { usage, usageSignature } = good;
  if (usage === null) throw new Error("no report");
  const false_ = [
    { ...good, usageSignature: null },
    { ...good, usageSignature: hash("6") },
    { ...good, usage: { ...usage, endedAtMs: "400001" } },
    { ...(await reported({ lease: hash("d") })) },
    { ...receipt, usage, usageSignature },
  ];
  const chains = [chain, chain, chain, chain, chainOf()];
  for (const [at, each] of false_.entries())
    await expect(verifyReceipt(chains[at] ?? chain, each, outputs)).rejects.toMatchObject(mismatch("usage report"));
});

it("refuses when another lease was closed there, and waits for a lease that is not closed", async () => {
  const elsewhere = chainOf({ closed: { lease: hash("f") } });
  await expect(verifyReceipt(elsewhere, receipt, [])).rejects.toMatchObject(mismatch("closing transaction"));
  await expect(verifyReceipt(chainOf(), { ...receipt, closeTx: null }, [])).rejects.toMatchObject({
    code: "not-ready",
  });
});
