import type { Address } from "@corepool/core/hex";
import type { TypedData } from "@corepool/core/ports/signer";
import { getMarket } from "@corepool/protocol/routes/market";
import {
  type Config,
  type Connector,
  connect,
  createConfig,
  disconnect,
  getConnectorClient,
  switchChain,
  watchConnection,
  watchConnectors,
} from "@wagmi/core";
import { custom, defineChain, type EIP1193Provider, http } from "viem";
import { signMessage, signTypedData } from "viem/actions";
import { call } from "../../data/client.ts";
import { keyError } from "../failure.ts";
import type { FoundWallet, Identity, KeyHome } from "../port.ts";

let started: Promise<Config> | undefined;

/** wagmi over the market's one chain. Wallets announce themselves (EIP-6963); nothing is remembered of them. */
function wagmi(): Promise<Config> {
  started ??= (async () => {
    const { chainId, rpcUrl } = await call(getMarket, {});
    const chain = defineChain({
      id: chainId,
      name: `Corepool market, chain ${chainId}`,
      nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
      rpcUrls: { default: { http: rpcUrl === null ? [] : [rpcUrl] } },
    });
    return createConfig({
      chains: [chain],
      transports: { [chainId]: http(rpcUrl ?? undefined) },
      multiInjectedProviderDiscovery: true,
      storage: null,
    }) as unknown as Config;
  })();
  // A coordinator that was away may be back at the next try.
  started.catch(() => {
    started = undefined;
  });
  return started;
}

/** Follows the wallets that announce themselves; calls at once with those that are known. Returns how to stop. */
export async function watchWallets(found: (wallets: readonly FoundWallet[]) => void): Promise<() => void> {
  const config = await wagmi();
  const tell = (connectors: readonly Connector[]) =>
    found(
      connectors.map(({ uid, name, icon }) => ({
        id: uid,
        name,
        icon: icon?.startsWith("data:image/") === true ? icon.trim() : undefined,
      })),
    );
  tell(config.connectors);
  return watchConnectors(config, { onChange: tell });
}

async function homeOf(config: Config, connector: Connector, address: Address): Promise<KeyHome> {
  const [chain] = config.chains;
  const client = () => getConnectorClient(config, { connector, account: address });
  return {
    signer: {
      address,
      signMessage: async (message) =>
        signMessage(await getConnectorClient(config, { connector, account: address, assertChainId: false }), {
          account: address,
          message,
        }),
      // Wallets refuse typed data of another chain than the one they are on.
      signTypedData: async (data: TypedData) => {
        await onMarketChain(config, connector);
        return signTypedData(await client(), { account: address, ...data } as never);
      },
    },
    chainAccess: async () => {
      await onMarketChain(config, connector);
      const provider = (await connector.getProvider({ chainId: chain.id })) as EIP1193Provider;
      return { account: { address, type: "json-rpc" }, transport: custom(provider, { retryCount: 0 }) };
    },
    onGone: (gone) =>
      watchConnection(config, {
        onChange: (now) => {
          if (
            now.status === "disconnected" ||
            (now.status === "connected" && now.address.toLowerCase() !== address.toLowerCase())
          )
            gone();
        },
      }),
  };
}

/** Has the wallet turn to the market's chain, adding it where it is unknown. Rejects when the person declines. */
async function onMarketChain(config: Config, connector: Connector): Promise<void> {
  const [chain] = config.chains;
  if ((await connector.getChainId()) !== chain.id) await switchChain(config, { connector, chainId: chain.id });
}

/** Connects a wallet that announced itself. Rejects (`UserRejectedRequestError`) when the person declines. */
export async function connectWallet(id: string): Promise<{ readonly home: KeyHome; readonly label: string }> {
  const config = await wagmi();
  const connector = config.connectors.find((each) => each.uid === id);
  if (connector === undefined) throw keyError("gone", "The wallet is no longer announced.");
  const connected = [...config.state.connections.values()].find((each) => each.connector.uid === id);
  const accounts = connected?.accounts ?? (await connect(config, { connector })).accounts;
  const [address] = accounts;
  if (address === undefined) throw keyError("locked", "The wallet gave no account.");
  return { home: await homeOf(config, connector, address), label: connector.name };
}

/** Finds the wallet of a tab that was loaded anew. Rejects when it is gone or turned to another account. */
export async function reopen(who: Identity): Promise<KeyHome> {
  const config = await wagmi();
  const connector = config.connectors.find((each) => each.name === who.label);
  if (connector === undefined) throw keyError("gone", `${who.label} is no longer announced.`);
  const { accounts } = await connect(config, { connector });
  const address = accounts.find((each) => each.toLowerCase() === who.address.toLowerCase());
  if (address === undefined) {
    await disconnect(config, { connector });
    throw keyError("locked", `${who.label} does not show the account ${who.address}.`);
  }
  return homeOf(config, connector, address);
}
