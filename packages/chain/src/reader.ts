import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { BlockHeader, ChainReader, RawLog, TransactionOutcome } from "@corepool/core/ports/chain";
import type { Clock } from "@corepool/core/ports/clock";
import { type Endpoints, problemOf } from "./endpoints.ts";
import { type FinalityPolicy, newestFinal } from "./finality.ts";
import { HeadWatch } from "./head-watch.ts";
import { LogRanges } from "./log-ranges.ts";
import { revertReason } from "./revert-reason.ts";
import { type Endpoint, parseHeader, parseLogs, parseReceipt, quantity, RpcFailure } from "./rpc.ts";

/** So many blocks one node may be ahead of the next one before it is alone with what it says. */
const MOST_AHEAD = 16n;

/** An answer as text, with logs in their order: to compare what two nodes say. */
function printOf(value: unknown): string {
  const ordered = Array.isArray(value)
    ? (value as RawLog[]).toSorted((a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex)
    : value;
  return JSON.stringify(ordered, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v)) ?? "none";
}

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
 * one endpoint, a block is final only when two of them agree on it and on how far the chain has come, and a head that
 * only one of them knows counts no more than `MOST_AHEAD` blocks further than the next one's.
 */
export function createReader(options: ReaderOptions): ChainReader {
  const { endpoints, finality, clock } = options;
  const ranges = new LogRanges(options.largestRange);
  const patienceMs = options.patienceMs ?? 5_000;
  const watch = new HeadWatch(patienceMs);
  const own = new Map<number, HeadWatch>();
  let knownFinal = 0n;

  const byTag = (tag: string) =>
    endpoints.first(async (node) => parseHeader(await node.request("eth_getBlockByNumber", [tag, false])));
  const blockByNumber = (number: bigint) => byTag(quantity(number));

  /** The endpoints' heads, the highest first. None goes back without a reason. */
  async function heads(): Promise<readonly { readonly index: number; readonly value: BlockHeader }[]> {
    const answers = await endpoints.every(async (node) => {
      const header = parseHeader(await node.request("eth_getBlockByNumber", ["latest", false]));
      if (header === undefined) throw new RpcFailure("unreachable", `${node.name} has no blocks`);
      return header;
    });
    if (endpoints.size === 1) return answers;
    const accepted = await Promise.all(
      answers.map(async ({ index, value }) => {
        const mine = own.get(index) ?? new HeadWatch(patienceMs);
        own.set(index, mine);
        const hashAt = (number: bigint) =>
          endpoints
            .only(index, async (node) =>
              parseHeader(await node.request("eth_getBlockByNumber", [quantity(number), false])),
            )
            .then((header) => header?.hash);
        return { index, value: await mine.accept(value, { now: clock.monotonic(), complete: true, hashAt }) };
      }),
    );
    return accepted.sort((a, b) => Number(b.value.number - a.value.number));
  }

  async function head(): Promise<BlockHeader> {
    const all = await heads();
    const [highest, next] = all;
    if (highest === undefined) throw problemOf(new RpcFailure("unreachable", "no node has a head"));
    const alone = next !== undefined && highest.value.number - next.value.number > MOST_AHEAD;
    const best = alone ? next : highest;
    endpoints.prefer(best.index);
    return watch.accept(best.value, {
      now: clock.monotonic(),
      complete: all.length === endpoints.size,
      hashAt: async (number) => (await blockByNumber(number))?.hash,
    });
  }

  async function candidate(): Promise<BlockHeader | undefined> {
    if (!("tag" in finality)) return newestFinal(await agreedHead(), finality, knownFinal, blockByNumber);
    const answers = await endpoints.every(async (node) =>
      parseHeader(await node.request("eth_getBlockByNumber", [finality.tag, false])),
    );
    const headers = answers
      .map((a) => a.value)
      .filter((h) => h !== undefined)
      .sort((a, b) => Number(b.number - a.number));
    return headers[Math.min(1, headers.length - 1)];
  }

  /** How far the chain has come by the word of two endpoints, where there are several: one alone could age any block. */
  async function agreedHead(): Promise<BlockHeader> {
    const best = await head();
    if (endpoints.size === 1) return best;
    const second = (await heads())[1]?.value;
    return second === undefined || second.number > best.number ? best : second;
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

  /** One endpoint's answer; with `confirmed` the one that two endpoints give, where there are several. */
  async function answered<T>(confirmed: boolean, what: string, ask: (node: Endpoint) => Promise<T>): Promise<T> {
    if (!confirmed || endpoints.size === 1) return endpoints.first(ask);
    const answers = (await endpoints.every(ask)).map(({ value }) => ({ value, print: printOf(value) }));
    const agreed = answers.find((a, i) => answers.some((b, j) => j !== i && b.print === a.print));
    if (agreed !== undefined) return agreed.value;
    throw new CorepoolError("chain-unavailable", {
      detail: `No two chain nodes agree on ${what}.`,
      next: "Check that the configured nodes are reachable and follow the same chain.",
    });
  }

  async function outcome(
    hash: Hex,
    { confirmed = false }: { readonly confirmed?: boolean } = {},
  ): Promise<TransactionOutcome | undefined> {
    const found = await answered(confirmed, `the outcome of ${hash}`, async (node) =>
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
    logs: ({ from, to, addresses, confirmed = false }): Promise<readonly RawLog[]> =>
      answered(confirmed, `the logs of blocks ${from} to ${to}`, (node) =>
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
