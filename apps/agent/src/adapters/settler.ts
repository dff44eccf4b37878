import { CorepoolError } from "@corepool/core/errors";
import { gasLimit } from "@corepool/core/gas";
import type { Address, Hex } from "@corepool/core/hex";
import { closeNowCalldata } from "@corepool/protocol/market/calldata";
import { BaseError, createWalletClient, fallback, http, publicActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Settler } from "../ports.ts";

export interface SettlerOptions {
  readonly privateKey: Hex;
  readonly rpcUrls: readonly string[];
  readonly chainId: number;
  readonly market: Address;
}

/** How long a transaction is waited for; one that takes longer is replaced by the next try. */
const MINED_WITHIN_MS = 60_000;

/** Sends from the provider's own key through his own nodes, one transaction after the other. */
export function ownSettler(options: SettlerOptions): Settler {
  const { rpcUrls, chainId, market: to } = options;
  const account = privateKeyToAccount(options.privateKey);
  const client = createWalletClient({
    account,
    transport: fallback(rpcUrls.map((url) => http(url, { retryCount: 0 }))),
  }).extend(publicActions);
  let last: Promise<unknown> = Promise.resolve();

  async function send(data: Hex): Promise<Hex> {
    const [gas, fees, balance, nonce] = await Promise.all([
      // Without a price: what the key can pay is looked at below.
      client.request({ method: "eth_estimateGas", params: [{ from: account.address, to, data }] }).then(BigInt),
      client.estimateFeesPerGas(),
      client.getBalance({ address: account.address }),
      // The mined count: a second try replaces a first one that hangs.
      client.getTransactionCount({ address: account.address, blockTag: "latest" }),
    ]);
    const limit = gasLimit(gas);
    const cost = limit * fees.maxFeePerGas;
    if (balance < cost) {
      throw new CorepoolError("setup-failed", {
        detail: `The provider's key ${account.address} holds ${balance} wei, and closing the lease takes up to ${cost}.`,
        next: `Send at least ${cost - balance} wei of the chain's native currency to ${account.address}; the agent tries again by itself.`,
      });
    }
    const raw = await account.signTransaction({ type: "eip1559", chainId, to, data, gas: limit, nonce, ...fees });
    const hash = await client.sendRawTransaction({ serializedTransaction: raw });
    const { status } = await client.waitForTransactionReceipt({ hash, timeout: MINED_WITHIN_MS });
    if (status === "reverted") {
      throw new CorepoolError("call-reverted", {
        detail: `The market refused transaction ${hash}.`,
        next: "The agent looks at the chain again.",
      });
    }
    return hash;
  }

  return {
    closeNow(input) {
      const sent = last
        .then(() => send(closeNowCalldata(input)))
        .catch((error: unknown) => {
          if (!(error instanceof BaseError)) throw error;
          throw new CorepoolError("chain-unavailable", {
            detail: `The chain did not take the closing of the lease: ${error.shortMessage}`,
            next: "The agent tries again; check COREPOOL_RPC_URL when it goes on.",
            cause: error,
          });
        });
      last = sent.catch(() => undefined);
      return sent;
    },
  };
}
