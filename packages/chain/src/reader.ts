import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { BlockHeader, ChainReader, RawLog, TransactionOutcome } from "@corepool/core/ports/chain";
import type { Clock } from "@corepool/core/ports/clock";
import type { Endpoints } from "./endpoints.ts";
import { type FinalityPolicy, newestFinal } from "./finality.ts";
import { HeadWatch } from "./head-watch.ts";
import { LogRanges } from "./log-ranges.ts";
import { revertReason } from "./revert-reason.ts";
import { parseHeader, parseLogs, parseReceipt, quantity, RpcFailure } from "./rpc.ts";

export interface ReaderOptions {
  readonly endpoints: Endpoints;
  readonly finality: FinalityPolicy;
  readonly clock: Clock;
  /** How long a lower head counts as a node that lags before it is believed, milliseconds. Default 5,000. */
  readonly patienceMs?: number;
  /** Most blocks that one question for logs covers. Default 10,000. */
  readonly largestRange?: bigint;
}

/**
 * Reads one EVM chain over JSON-RPC. Polls only: no filters and no subscriptions, which nodes forget. With more than
 * one endpoint, a block is final only when two of them agree on it.
 */
export function createReader(options: ReaderOptions): ChainReader {
  const { endpoints, finality, clock } = options;
  const ranges = new LogRanges(options.largestRange);
  const watch = new HeadWatch(options.patienceMs ?? 5_000);
  let knownFinal = 0n;

  const byTag = (tag: string) =>
    endpoints.first(async (node) => parseHeader(await node.request("eth_getBlockByNumber", [tag, false])));
  const blockByNumber = (number: bigint) => byTag(quantity(number));

  async function head(): Promise<BlockHeader> {
    const heads = await endpoints.every(async (node) => {
      const header = parseHeader(await node.request("eth_getBlockByNumber", ["latest", false]));
      if (header === undefined) throw new RpcFailure("unreachable", `${node.name} has no blocks`);
      return header;
    });
    const best = heads.reduce((a, b) => (b.value.number > a.value.number ? b : a));
    endpoints.prefer(best.index);
    return watch.accept(best.value, {
      now: clock.monotonic(),
      complete: heads.length === endpoints.size,
      hashAt: async (number) => (await blockByNumber(number))?.hash,
    });
  }

  async function candidate(): Promise<BlockHeader | undefined> {
    if (!("tag" in finality)) return newestFinal(await head(), finality, knownFinal, blockByNumber);
    const answers = await endpoints.every(async (node) =>
      parseHeader(await node.request("eth_getBlockByNumber", [finality.tag, false])),
    );
    const headers = answers
      .map((a) => a.value)
      .filter((h) => h !== undefined)
      .sort((a, b) => Number(b.number - a.number));
    return headers[Math.min(1, headers.length - 1)];
  }

  async function finalized(): Promise<BlockHeader> {
    const block = await candidate();
    if (block === undefined) {
      throw new CorepoolError("chain-unavailable", {
        detail: "The chain node knows no final block.",
        next: "Wait until it has caught up.",
      });
    }
    if (endpoints.size > 1) await agree(block);
    knownFinal = block.number;
    return block;
  }

  async function agree(block: BlockHeader): Promise<void> {
    const answers = await endpoints.every(async (node) =>
      parseHeader(await node.request("eth_getBlockByNumber", [quantity(block.number), false])),
    );
    if (answers.filter((a) => a.value?.hash === block.hash).length >= 2) return;
    throw new CorepoolError("chain-unavailable", {
      detail: `Fewer than two chain nodes agree that block ${block.number} is ${block.hash}.`,
      next: "Check that the configured nodes are reachable and follow the same chain.",
    });
  }

  async function outcome(hash: Hex): Promise<TransactionOutcome | undefined> {
    const found = await endpoints.first(async (node) =>
      parseReceipt(await node.request("eth_getTransactionReceipt", [hash])),
    );
    if (found?.status !== "reverted") return found;
    const reason = await endpoints.first((node) => revertReason(node, found));
    return { ...found, reason };
  }

  return {
    chainId: endpoints.chainId,
    head,
    finalized,
    blockByNumber,
    blockByHash: (hash) =>
      endpoints.first(async (node) => parseHeader(await node.request("eth_getBlockByHash", [hash, false]))),
    logs: ({ from, to, addresses }): Promise<readonly RawLog[]> =>
      endpoints.first((node) =>
        ranges.read(from, to, async (a, b) =>
          parseLogs(
            await node.request("eth_getLogs", [{ fromBlock: quantity(a), toBlock: quantity(b), address: addresses }]),
          ),
        ),
      ),
    call: (to, data) =>
      endpoints.first(async (node) => {
        const answer = await node.request("eth_call", [{ to, data }, "latest"]);
        if (typeof answer !== "string" || !answer.startsWith("0x"))
          throw new RpcFailure("unreachable", `${node.name} gave no data for a call`);
        return answer as Hex;
      }),
    outcome,
  };
}
