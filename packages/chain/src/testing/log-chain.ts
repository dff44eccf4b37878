import type { Address, Hex } from "@corepool/core/hex";
import type { RawLog } from "@corepool/core/ports/chain";
import { getContractAddress, numberToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { parseLogs, quantity } from "../rpc.ts";
import { type TempChain, tempChain } from "./temp-chain.ts";

/** Emits what it is called with. */
const ECHO: Hex = "0x600880600b6000396000f3365f5f37365fa000";

/** A real node with a contract whose every call is one log of a value. */
export interface LogChain {
  readonly temp: TempChain;
  readonly contract: Address;
  /** A block for every group of values, with a log for each of them. */
  grow(blocks: readonly (readonly number[])[]): Promise<void>;
  /** Takes the newest blocks back and puts others with the given values in their place. */
  reorg(depth: number, blocks: readonly (readonly number[])[]): Promise<void>;
  height(): Promise<bigint>;
  /** The contract's logs as the node itself has them. */
  logs(): Promise<readonly RawLog[]>;
}

/** Starts one whose blocks come only when they are asked for. */
export async function logChain(finality: { readonly depth: number; readonly ageSeconds: number }): Promise<LogChain> {
  const temp = await tempChain(finality);
  const { endpoint } = temp;
  const account = await temp.account();
  const signer = privateKeyToAccount(account.key);
  const contract = getContractAddress({ from: account.address, nonce: 0n });
  const fees = { type: "eip1559", chainId: 31_337, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n } as const;
  const first = await signer.signTransaction({ ...fees, nonce: 0, gas: 200_000n, data: ECHO });
  await endpoint.request("eth_sendRawTransaction", [first]);
  await endpoint.request("evm_setAutomine", [false]);

  const height = async () => BigInt(String(await endpoint.request("eth_blockNumber", [])));
  const grow = async (blocks: readonly (readonly number[])[]): Promise<void> => {
    for (const values of blocks) {
      let nonce = Number(await endpoint.request("eth_getTransactionCount", [account.address, "latest"]));
      for (const value of values) {
        const data = numberToHex(value, { size: 32 });
        const raw = await signer.signTransaction({ ...fees, nonce: nonce++, gas: 60_000n, to: contract, data });
        await endpoint.request("eth_sendRawTransaction", [raw]);
      }
      await endpoint.request("evm_mine", []);
    }
  };
  await grow([[]]);
  return {
    temp,
    contract,
    grow,
    height,
    async reorg(depth, blocks) {
      await endpoint.request("anvil_rollback", [depth]);
      await endpoint.request("anvil_dropAllTransactions", []);
      // The same second would make the same empty block again.
      await endpoint.request("evm_increaseTime", [1]);
      await grow(blocks);
    },
    logs: async () =>
      parseLogs(
        await endpoint.request("eth_getLogs", [
          { fromBlock: "0x0", toBlock: quantity(await height()), address: contract },
        ]),
      ),
  };
}
