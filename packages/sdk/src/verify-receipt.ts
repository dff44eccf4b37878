import { CorepoolError } from "@corepool/core/errors";
import { type Hex, sameAddress } from "@corepool/core/hex";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { leaseId } from "@corepool/protocol/eip712";
import { termsOfOpened } from "@corepool/protocol/lease-events";
import type { Receipt } from "@corepool/protocol/resources";
import type { OutputFile } from "@corepool/protocol/spec";
import { parseEventLogs } from "viem";
import { type MarketChain, onChain } from "./chain.ts";
import { isAboutOutputs, isProvidersReport } from "./usage.ts";

/** What the chain itself says about a finished lease, base units. */
export interface ChainBill {
  readonly total: bigint;
  readonly providerPaid: bigint;
  readonly fee: bigint;
  readonly refund: bigint;
  readonly openBlock: bigint;
  readonly closeBlock: bigint;
}

function mismatch(detail: string, data: Readonly<Record<string, unknown>>): CorepoolError {
  return new CorepoolError("receipt-mismatch", {
    detail,
    next: "Trust the chain, and keep the receipt as evidence.",
    data,
  });
}

function differs(what: string, receipt: unknown, chain: unknown): never {
  const data = { what, receipt: String(receipt), chain: String(chain) };
  throw mismatch(`The receipt says ${what} ${data.receipt}, the chain says ${data.chain}.`, data);
}

/**
 * Checks a receipt against the transactions it names, read from the client's own RPC endpoint: the lease and its terms,
 * what was paid, the fee and the refund, and that they add up to the escrow. Its usage report must be signed by the
 * provider of the lease, and be about these outputs; only a workload without outputs may have none. Rejects with
 * `receipt-mismatch`.
 */
export async function verifyReceipt(
  chain: MarketChain,
  receipt: Receipt,
  outputs: readonly OutputFile[],
): Promise<ChainBill> {
  const { terms } = receipt;
  if (receipt.chainId !== chain.chainId || !sameAddress(receipt.market, chain.market))
    differs("market", `${receipt.chainId}/${receipt.market}`, `${chain.chainId}/${chain.market}`);
  const id = leaseId({ chainId: chain.chainId, market: chain.market }, terms.provider, BigInt(terms.unit), terms.seq);
  if (id !== receipt.lease.toLowerCase()) differs("lease", receipt.lease, id);
  if (receipt.closeTx === null)
    throw new CorepoolError("not-ready", {
      detail: "The lease is not closed yet, so there is nothing to check.",
      next: "Ask again when the workload has ended.",
    });
  const { usage } = receipt;
  const of = { domain: { chainId: chain.chainId, market: chain.market }, provider: terms.provider, lease: id };
  if (usage === null && outputs.length > 0)
    throw mismatch("The workload shows outputs, and no usage report in which its provider signed for them.", {
      what: "outputs",
    });
  if (usage !== null && !(await isProvidersReport(of, usage, receipt.usageSignature)))
    throw mismatch("Its usage report is not signed by the provider of the lease.", { what: "usage report" });
  if (usage !== null && !isAboutOutputs(usage, outputs))
    throw mismatch("Its usage report is about other outputs than the workload shows.", { what: "outputs" });
  const open = await ofLease(chain, receipt.openTx, id);
  const close = await ofLease(chain, receipt.closeTx, id);
  const opened = open.opened ?? differs("opening transaction", receipt.openTx, "no lease opened there");
  for (const key of ["provider", "client", "payTo", "key", "token"] as const) {
    if (!sameAddress(opened[key], terms[key])) differs(key, terms[key], opened[key]);
  }
  for (const key of ["unit", "seq", "rate", "start", "grace", "feeBps"] as const) {
    if (String(opened[key]) !== String(terms[key])) differs(key, terms[key], opened[key]);
  }
  const closed = close.closed ?? differs("closing transaction", receipt.closeTx, "no lease closed there");
  // The last step is told by LeaseClosed alone; LeaseSettled tells of those before.
  const before = await settledOf(chain, id, open.block, close.block);
  const fee = before.fee + closed.fee;
  const settled = { amount: closed.paid - fee, fee };
  if (closed.paid !== BigInt(receipt.total)) differs("total", receipt.total, closed.paid);
  if (settled.amount !== BigInt(receipt.provider.paid))
    differs("provider's pay", receipt.provider.paid, settled.amount);
  if (settled.fee !== BigInt(receipt.fee)) differs("fee", receipt.fee, settled.fee);
  if (closed.refund !== BigInt(receipt.refund)) differs("refund", receipt.refund, closed.refund);
  const escrow = BigInt(terms.escrow);
  if (settled.amount + settled.fee + closed.refund !== escrow)
    differs("escrow", escrow, settled.amount + settled.fee + closed.refund);
  return {
    total: closed.paid,
    providerPaid: settled.amount,
    fee: settled.fee,
    refund: closed.refund,
    openBlock: open.block,
    closeBlock: close.block,
  };
}

async function ofLease(chain: MarketChain, hash: Hex, lease: Hex) {
  const outcome = await onChain(() => chain.reader.getTransactionReceipt({ hash }));
  const logs = outcome.logs.filter((log) => sameAddress(log.address, chain.market));
  const mine = <T extends { readonly args: { readonly lease: Hex } }>(found: readonly T[]): T | undefined =>
    found.find((log) => log.args.lease.toLowerCase() === lease);
  const opened = mine(parseEventLogs({ abi: leaseMarketAbi, logs, eventName: "LeaseOpened" }));
  const funded = mine(parseEventLogs({ abi: leaseMarketAbi, logs, eventName: "LeaseFunded" }));
  const closed = mine(parseEventLogs({ abi: leaseMarketAbi, logs, eventName: "LeaseClosed" }));
  return {
    block: outcome.blockNumber,
    opened: opened === undefined ? undefined : termsOfOpened(opened.args, funded?.args),
    closed: closed?.args,
  };
}

async function settledOf(chain: MarketChain, lease: Hex, from: bigint, to: bigint): Promise<{ readonly fee: bigint }> {
  const logs = await onChain(() =>
    chain.reader.getContractEvents({
      address: chain.market,
      abi: leaseMarketAbi,
      eventName: "LeaseSettled",
      args: { lease },
      fromBlock: from,
      toBlock: to,
    }),
  );
  return { fee: logs.reduce((sum, { args }) => sum + (args.fee ?? 0n), 0n) };
}
