import type { Settler } from "@corepool/agent/ports";
import { Endpoints } from "@corepool/chain/endpoints";
import type { FinalityPolicy } from "@corepool/chain/finality";
import { createReader } from "@corepool/chain/reader";
import type { Endpoint } from "@corepool/chain/rpc";
import type { TransactionSigner } from "@corepool/chain/sender/sender";
import { createWire } from "@corepool/chain/sender/wire";
import { CorepoolError } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import { closeNowCalldata } from "@corepool/protocol/market/calldata";
import { keccak256 } from "viem";
import { encodeRaw } from "../chain/blocks.ts";
import type { MarketPlace } from "../chain/state.ts";
import type { SimProcess } from "../world/process.ts";

/** An account's transactions, signed by saying who sends them: the model of the chain takes them at their word. */
export const signerFor = (address: Address): TransactionSigner => ({
  address,
  signTransaction: async ({ nonce, to, data, maxFeePerGas }) =>
    encodeRaw({ from: address, nonce, to, data, maxFeePerGas }),
});

/** A process's way to the chain. */
export function chainFor(
  process: SimProcess,
  place: MarketPlace,
  nodes: readonly Endpoint[],
  finality: Exclude<FinalityPolicy, { readonly tag: string }>,
) {
  const endpoints = new Endpoints(place.chainId, nodes, process.clock);
  return { endpoints, reader: createReader({ endpoints, finality, clock: process.clock }) };
}

const MINED_WITHIN_MS = 60_000;
const LOOK_MS = 1_000;

/** The provider's own road to the chain, by the rules of the agent's adapter: one after the other, waits for the block. */
export function settlerFor(
  process: SimProcess,
  place: MarketPlace,
  chain: ReturnType<typeof chainFor>,
  address: Address,
): Settler {
  const wire = createWire(chain.endpoints);
  const signer = signerFor(address);
  const { clock } = process;
  let last: Promise<unknown> = Promise.resolve();
  const send: Settler["closeNow"] = async (input) => {
    const data = closeNowCalldata(input);
    const to = place.market;
    const gas = await wire.estimate({ from: address, to, data, value: 0n });
    const fees = await wire.fees();
    const nonce = await wire.count(address, "latest");
    const raw = await signer.signTransaction({
      type: "eip1559",
      chainId: place.chainId,
      nonce,
      gas,
      ...fees,
      to,
      data,
      value: 0n,
    });
    await wire.broadcast(raw);
    const until = clock.monotonic() + MINED_WITHIN_MS;
    while (clock.monotonic() < until) {
      const outcome = await chain.reader.outcome(keccak256(raw));
      if (outcome?.status === "success") return outcome.hash;
      if (outcome !== undefined) throw new CorepoolError("call-reverted", { detail: "The market refused." });
      await clock.sleep(LOOK_MS);
    }
    throw new CorepoolError("chain-unavailable", { detail: "The transaction was not mined." });
  };
  return {
    closeNow(input) {
      const sent = last.then(() => send(input));
      last = sent.catch(() => undefined);
      return sent;
    },
  };
}
