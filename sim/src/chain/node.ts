import { type Endpoint, quantity, RpcFailure } from "@corepool/chain/rpc";
import type { Address, Hex } from "@corepool/core/hex";
import type { SimProcess } from "../world/process.ts";
import { type Block, type Blocks, decodeRaw, type Transaction } from "./blocks.ts";
import { type Call, execute } from "./execute.ts";
import { view } from "./view.ts";
import { Reverted } from "./words.ts";

/** How a node of the chain fares as one process sees it. */
export interface NodeWeather {
  /** Milliseconds until the answer. */
  latency(): number;
  /** Whether this request gets no answer. */
  unreachable(): boolean;
  /** Blocks by which this node is behind the head. */
  lag(): number;
  /** Seconds since the epoch, by the chain's own clock. */
  time(): number;
  /** Wei per gas that a block asks for now. */
  baseFee(): bigint;
}

const GAS = 200_000n;
const TIP = 10n ** 9n;

type Parameters = readonly unknown[];

/** JSON-RPC over a chain in memory, answering as anvil does what this house asks. */
export function simNode(name: string, blocks: Blocks, process: SimProcess, weather: NodeWeather): Endpoint {
  const headNumber = () => Math.max(0, blocks.head.number - weather.lag());
  const blockAt = (tag: unknown): Block | undefined => {
    if (tag === "latest" || tag === "pending") return blocks.branch[headNumber()];
    const number = Number(tag);
    return number <= headNumber() ? blocks.branch[number] : undefined;
  };
  const head = (): Block => blocks.branch[headNumber()] ?? blocks.head;
  const seen = (hash: Hex): Block | undefined => {
    const block = blocks.blockOf(hash);
    return block !== undefined && block.number <= headNumber() ? block : undefined;
  };

  /** The head with everything that waits, as the next block would see it. */
  const pending = async () => {
    let { state } = blocks.head;
    const time = Math.max(blocks.head.timestamp + 1, weather.time());
    for (const transaction of blocks.waiting()) {
      const done = await execute(blocks.place, state, transaction, time).catch(ignoreRevert);
      state = done?.state ?? state;
    }
    return { state, time };
  };

  const methods: Readonly<Record<string, (parameters: Parameters) => unknown>> = {
    eth_chainId: () => quantity(blocks.place.chainId),
    eth_getBlockByNumber: ([tag]) => header(blockAt(tag), weather.baseFee()),
    eth_getBlockByHash: ([hash]) =>
      header(
        blocks.branch.find((block) => block.hash === hash),
        weather.baseFee(),
      ),
    eth_getLogs: ([filter]) => {
      const { fromBlock, toBlock } = filter as { readonly fromBlock: Hex; readonly toBlock: Hex };
      const last = Math.min(Number(toBlock), headNumber());
      return blocks.branch.slice(Number(fromBlock), last + 1).flatMap((block) => block.logs.map(logAnswer));
    },
    eth_call: async ([call, tag]) => {
      const { to, data, from } = call as Call;
      const block = blockAt(tag);
      // What a mined transaction would do on an older state: asked when it reverted.
      if (from !== undefined && block !== undefined) {
        await execute(blocks.place, block.state, { from, to, data: data ?? "0x" }, block.timestamp + 1);
        return "0x";
      }
      return view(blocks.place, (block ?? head()).state, { to, data });
    },
    eth_getTransactionReceipt: ([hash]) => receipt(seen(hash as Hex), hash as Hex),
    eth_getTransactionByHash: ([hash]) => {
      const found = seen(hash as Hex)?.mined.find(({ transaction }) => transaction.hash === hash)?.transaction;
      return found === undefined
        ? null
        : { from: found.from, to: found.to, input: found.data, data: found.data, value: "0x0" };
    },
    eth_getTransactionCount: ([account, tag]) => {
      if (tag !== "pending") return quantity(blocks.nonceOf(account as Address, blockAt(tag)));
      let nonce = blocks.nonceOf(account as Address);
      while (blocks.pool.has(`${(account as Address).toLowerCase()}:${nonce}`)) nonce += 1;
      return quantity(nonce);
    },
    eth_maxPriorityFeePerGas: () => quantity(TIP),
    eth_estimateGas: async ([call]) => {
      const { state, time } = await pending();
      await execute(blocks.place, state, call as Call, time);
      return quantity(GAS);
    },
    eth_sendRawTransaction: ([raw]) => send(blocks, decodeRaw(raw as Hex)),
  };

  return {
    name,
    async request(method, parameters) {
      const ms = weather.latency();
      if (ms > 0) await process.wait(ms, `hears from ${name}`);
      if (weather.unreachable()) throw new RpcFailure("unreachable", "the node does not answer");
      const answer = methods[method];
      if (answer === undefined) throw new RpcFailure("refused", `the method ${method} does not exist`);
      try {
        return await answer(parameters);
      } catch (error) {
        if (error instanceof Reverted) throw new RpcFailure("reverted", "execution reverted", { data: error.data });
        throw error;
      }
    },
  };
}

function ignoreRevert(error: unknown): undefined {
  if (!(error instanceof Reverted)) throw error;
}

function send(blocks: Blocks, transaction: Transaction): Hex {
  const { from, nonce, hash, maxFeePerGas } = transaction;
  if (blocks.blockOf(hash) !== undefined) throw new RpcFailure("refused", "transaction already imported");
  if (nonce < blocks.nonceOf(from)) throw new RpcFailure("refused", "nonce too low");
  const other = blocks.pool.get(`${from.toLowerCase()}:${nonce}`);
  if (other?.hash === hash) throw new RpcFailure("refused", "transaction already imported");
  if (other !== undefined && maxFeePerGas * 10n < other.maxFeePerGas * 11n) {
    throw new RpcFailure("refused", "replacement transaction underpriced");
  }
  blocks.add(transaction);
  return hash;
}

const header = (block: Block | undefined, baseFee: bigint) =>
  block === undefined
    ? null
    : {
        number: quantity(block.number),
        hash: block.hash,
        parentHash: block.parentHash,
        timestamp: quantity(block.timestamp),
        logsBloom: block.logsBloom,
        baseFeePerGas: quantity(baseFee),
      };

const logAnswer = (log: Block["logs"][number]) => ({
  ...log,
  blockNumber: quantity(log.blockNumber),
  logIndex: quantity(log.logIndex),
});

function receipt(block: Block | undefined, hash: Hex) {
  const mined = block?.mined.find(({ transaction }) => transaction.hash === hash);
  if (block === undefined || mined === undefined) return null;
  return {
    transactionHash: hash,
    blockNumber: quantity(block.number),
    blockHash: block.hash,
    status: mined.status === "success" ? "0x1" : "0x0",
    gasUsed: quantity(GAS),
  };
}
