import { CorepoolError } from "@corepool/core/errors";
import { gasLimit } from "@corepool/core/gas";
import type { Address, Hex } from "@corepool/core/hex";
import type { Token } from "@corepool/core/money";
import { gpTokenAbi } from "@corepool/protocol/abi/gp-token.gen";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { mandateStruct, termsStruct } from "@corepool/protocol/market/structs";
import type { MandateMessage, TermsMessage } from "@corepool/protocol/spec";
import {
  type Account,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  type PublicClient,
  type TransactionReceipt,
  type Transport,
} from "viem";

/** The client's own road to the chain: everything here works while the coordinator is away. */
export interface MarketChain {
  readonly chainId: number;
  readonly market: Address;
  readonly reader: PublicClient;
  /** Sends a call of a contract from the account and waits for its block. */
  readonly send: (
    to: Address,
    data: { readonly abi: readonly unknown[]; readonly functionName: string; readonly args: readonly unknown[] },
  ) => Promise<TransactionReceipt>;
}

/** What a token says when the market moves it: such an answer comes through a call of the market undecoded. */
const TOKEN_ERRORS = gpTokenAbi.filter((part) => part.type === "error" && part.name.startsWith("ERC20"));

function chainProblem(error: unknown): CorepoolError {
  const reverted = error instanceof BaseError ? error.walk((e) => e instanceof ContractFunctionRevertedError) : null;
  if (reverted instanceof ContractFunctionRevertedError) {
    const name = reverted.data?.errorName ?? reverted.reason ?? reverted.signature ?? "unknown reason";
    const args = reverted.data?.args?.map(String).join(", ") ?? "";
    return new CorepoolError("call-reverted", {
      detail: `The contract refused: ${name}(${args}).`,
      data: { reason: name },
      cause: error,
    });
  }
  const detail =
    error instanceof BaseError ? error.shortMessage : error instanceof Error ? error.message : String(error);
  return new CorepoolError("chain-unavailable", {
    detail: `The chain did not take the call: ${detail}`,
    next: "Check the RPC URL and that the account has gas money.",
    cause: error,
  });
}

/** Rejections of the chain become `call-reverted` (with the contract's reason) or `chain-unavailable`. */
export async function onChain<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof CorepoolError ? error : chainProblem(error);
  }
}

/** Connects. `account` is needed only for sending. Refuses (`wrong-chain`) an endpoint of another chain. */
export async function openChain(options: {
  readonly transport: Transport;
  readonly chainId: number;
  readonly market: Address;
  readonly account?: Account | undefined;
  /** How long a sent transaction is waited for, ms; it may be taken in later all the same. */
  readonly patienceMs?: number;
}): Promise<MarketChain> {
  const { chainId, market, account, patienceMs = 180_000 } = options;
  const chain = defineChain({
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
  const reader = createPublicClient({ chain, transport: options.transport, pollingInterval: 250 }) as PublicClient;
  const actual = await onChain(() => reader.getChainId());
  if (actual !== chainId)
    throw new CorepoolError("wrong-chain", {
      detail: `The RPC endpoint serves chain ${actual}, the market is on chain ${chainId}.`,
      next: "Use an endpoint of the market's chain.",
    });
  const wallet =
    account === undefined ? undefined : createWalletClient({ account, chain, transport: options.transport });
  return {
    chainId,
    market,
    reader,
    send: (to, call) =>
      onChain(async () => {
        if (wallet === undefined || account === undefined)
          throw new CorepoolError("bad-usage", { detail: "This needs a wallet that can send transactions." });
        const wanted = {
          account,
          address: to,
          abi: [...call.abi, ...TOKEN_ERRORS],
          functionName: call.functionName,
          args: call.args,
        };
        const { request } = await reader.simulateContract(wanted);
        const gas = gasLimit(await reader.estimateContractGas(wanted));
        const hash = await wallet.writeContract({ ...request, gas });
        let replaced: string | undefined;
        const receipt = await reader.waitForTransactionReceipt({
          hash,
          timeout: patienceMs,
          onReplaced: ({ reason }) => {
            replaced = reason;
          },
        });
        // The same call at a higher fee is the same act; a cancellation, or another call, is not.
        if (replaced !== undefined && replaced !== "repriced")
          throw new CorepoolError("call-reverted", {
            detail: `Transaction ${hash} was given up for another one in the wallet.`,
            next: "Nothing of it has happened. Send it again if you still want it.",
            data: { hash, reason: replaced },
          });
        if (receipt.status !== "success")
          throw new CorepoolError("call-reverted", { detail: `Transaction ${hash} was reverted.`, data: { hash } });
        return receipt;
      }),
  };
}

/** An account's cash in the market and in its wallet, base units. */
export async function balancesOf(
  chain: MarketChain,
  token: Address,
  account: Address,
): Promise<{ readonly cash: bigint; readonly wallet: bigint; readonly counter: number }> {
  const [[cash, counter], wallet] = await onChain(() =>
    Promise.all([
      chain.reader.readContract({
        address: chain.market,
        abi: leaseMarketAbi,
        functionName: "accountOf",
        args: [token, account],
      }),
      chain.reader.readContract({ address: token, abi: gpTokenAbi, functionName: "balanceOf", args: [account] }),
    ]),
  );
  return { cash, counter, wallet };
}

/**
 * Holds what a coordinator says of a token against its contract: amounts are shown and agreed to in whole tokens.
 * Rejects with `wrong-chain` where they differ.
 */
export async function checkToken(chain: MarketChain, said: Token & { readonly address: Address }): Promise<void> {
  const read = (functionName: "decimals" | "symbol") =>
    chain.reader.readContract({ address: said.address, abi: gpTokenAbi, functionName });
  const [decimals, symbol] = await onChain(() => Promise.all([read("decimals"), read("symbol")]));
  if (decimals === said.decimals && symbol === said.symbol) return;
  throw new CorepoolError("wrong-chain", {
    detail: `${said.address} is ${symbol} with ${decimals} decimals on the chain, and not ${said.symbol} with ${said.decimals}, as the coordinator says.`,
    next: "Sign nothing for this market before its operator has explained that.",
  });
}

/** Whether the chain holds a lease with exactly these terms now. */
export async function isLive(chain: MarketChain, terms: TermsMessage): Promise<boolean> {
  return onChain(() =>
    chain.reader.readContract({
      address: chain.market,
      abi: leaseMarketAbi,
      functionName: "isLive",
      args: [termsStruct(terms)],
    }),
  );
}

/** Moves `amount` from the wallet into the market's ledger, allowing the market to take just that. */
export async function deposit(chain: MarketChain, owner: Address, token: Address, amount: bigint): Promise<Hex> {
  const allowed = await onChain(() =>
    chain.reader.readContract({
      address: token,
      abi: gpTokenAbi,
      functionName: "allowance",
      args: [owner, chain.market],
    }),
  );
  if (allowed < amount)
    await chain.send(token, { abi: gpTokenAbi, functionName: "approve", args: [chain.market, amount] });
  return (await chain.send(chain.market, { abi: leaseMarketAbi, functionName: "deposit", args: [token, amount] }))
    .transactionHash;
}

const market = async (chain: MarketChain, functionName: string, args: readonly unknown[]): Promise<Hex> =>
  (await chain.send(chain.market, { abi: leaseMarketAbi, functionName, args })).transactionHash;

/** Moves cash out of the market to any address. Cannot be paused. */
export function withdraw(chain: MarketChain, token: Address, to: Address, amount: bigint): Promise<Hex> {
  return market(chain, "withdraw", [token, to, amount]);
}

/** Asks to end a lease: after the market's window anyone may finalise it. */
export function requestClose(chain: MarketChain, terms: TermsMessage): Promise<Hex> {
  return market(chain, "requestClose", [termsStruct(terms), "0x"]);
}

/** Ends a lease whose window has passed and takes the refund. */
export function finalizeClose(chain: MarketChain, terms: TermsMessage): Promise<Hex> {
  return market(chain, "finalizeClose", [termsStruct(terms)]);
}

/** Revokes a mandate for good: no order under it opens a lease from then on. */
export function revokeMandate(chain: MarketChain, mandate: MandateMessage): Promise<Hex> {
  return market(chain, "revokeMandate", [mandateStruct(mandate), "0x"]);
}

/** Voids every offer, order and mandate the sender has signed so far. */
export function cancelAll(chain: MarketChain): Promise<Hex> {
  return market(chain, "cancelAll", []);
}
