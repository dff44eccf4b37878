import { deployToRpc, readRecord } from "@corepool/chain/adapters/deploy-file";
import { deploymentOf } from "@corepool/chain/deploy";
import type { Deployment } from "@corepool/chain/deploy/record";
import { type LocalChain, type LocalChainOptions, startLocalChain } from "@corepool/chain/local/chain";
import { CorepoolError } from "@corepool/core/errors";
import type { Address, Hex } from "@corepool/core/hex";
import { gpTokenAbi } from "@corepool/protocol/abi/gp-token.gen";
import { testUsdcAbi } from "@corepool/protocol/abi/test-usdc.gen";
import { balancesOf, openChain } from "@corepool/sdk/chain";
import { http, numberToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Home } from "../home.ts";

const PLAY_GP = 1_000n * 10n ** 18n;
const TEST_USDC = 1_000n * 10n ** 6n;
/** The relayer also gives some of it away, through the faucet. */
const GAS_MONEY = 1_000_000n * 10n ** 18n;
const LOW_GAS_MONEY = 100_000n * 10n ** 18n;
/** What the faucet gives out of, and when that is filled up. */
const FAUCET_GP = 10_000_000n * 10n ** 18n;
const LOW_FAUCET_GP = 1_000_000n * 10n ** 18n;

export interface MarketKeys {
  readonly deployer: Hex;
  readonly relayer: Hex;
  readonly client: Hex;
}

export interface ReadyChain {
  readonly chain: LocalChain;
  readonly deployment: Deployment;
  /** Whether it was begun now, or an older one goes on. */
  readonly fresh: boolean;
}

async function rpc(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const answer = (await response.json()) as {
    readonly result?: unknown;
    readonly error?: { readonly message: string };
  };
  if (answer.error !== undefined)
    throw new CorepoolError("chain-unavailable", { detail: `The chain refused ${method}: ${answer.error.message}` });
  return answer.result;
}

/** Starts the chain of this folder, with gas money for our accounts and the contracts in place. */
export async function startMarketChain(
  home: Home,
  options: Omit<LocalChainOptions, "dir">,
  keys: MarketKeys,
): Promise<ReadyChain> {
  const chain = await startLocalChain({ ...options, dir: home.chain });
  try {
    for (const key of [keys.deployer, keys.relayer, keys.client]) {
      const { address } = privateKeyToAccount(key);
      const balance = BigInt((await rpc(chain.rpcUrl, "eth_getBalance", [address, "latest"])) as Hex);
      if (balance < LOW_GAS_MONEY) await rpc(chain.rpcUrl, "anvil_setBalance", [address, numberToHex(GAS_MONEY)]);
    }
    const fresh = readRecord(home.deployment)?.complete !== true;
    const record = await deployToRpc({
      rpcUrl: chain.rpcUrl,
      privateKey: keys.deployer,
      recordPath: home.deployment,
      options: {
        feeSink: privateKeyToAccount(keys.deployer).address,
        stablecoin: "test",
        genesis: [{ to: privateKeyToAccount(keys.client).address, amount: PLAY_GP }],
      },
    });
    const deployment = deploymentOf(record);
    if (fresh) await giveTestUsdc(chain.rpcUrl, deployment, keys, privateKeyToAccount(keys.client).address);
    await fillFaucet(chain.rpcUrl, deployment, keys);
    await chain.save();
    return { chain, deployment, fresh };
  } catch (error) {
    await chain.stop();
    throw error;
  }
}

const asDeployer = (rpcUrl: string, deployment: Deployment, keys: MarketKeys) =>
  openChain({
    transport: http(rpcUrl),
    chainId: deployment.chainId,
    market: deployment.leaseMarket,
    account: privateKeyToAccount(keys.deployer),
  });

/** The coordinator's faucet gives out of what the relayer has. */
async function fillFaucet(rpcUrl: string, deployment: Deployment, keys: MarketKeys): Promise<void> {
  const chain = await asDeployer(rpcUrl, deployment, keys);
  const { address } = privateKeyToAccount(keys.relayer);
  const { wallet } = await balancesOf(chain, deployment.gpToken, address);
  if (wallet < LOW_FAUCET_GP)
    await chain.send(deployment.gpToken, { abi: gpTokenAbi, functionName: "mint", args: [address, FAUCET_GP] });
}

async function giveTestUsdc(rpcUrl: string, deployment: Deployment, keys: MarketKeys, to: Address): Promise<void> {
  const chain = await asDeployer(rpcUrl, deployment, keys);
  const { wallet } = await balancesOf(chain, deployment.stablecoin, to);
  if (wallet === 0n)
    await chain.send(deployment.stablecoin, { abi: testUsdcAbi, functionName: "mint", args: [to, TEST_USDC] });
}
