import { CorepoolError } from "@corepool/core/errors";
import { type Address, type Hex, sameAddress } from "@corepool/core/hex";
import type { Token } from "@corepool/core/money";
import type { Market } from "@corepool/protocol/resources";
import { getMarket } from "@corepool/protocol/routes/market";
import { keySigner } from "@corepool/sdk/adapters/key";
import { systemFetch } from "@corepool/sdk/adapters/system";
import { call } from "@corepool/sdk/call";
import { type MarketChain, openChain } from "@corepool/sdk/chain";
import { type Client, createClient, patient } from "@corepool/sdk/client";
import { withWallet } from "@corepool/sdk/sign-in";
import { http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Context } from "./context.ts";
import { checkMarket, knownMarket } from "./known-market.ts";
import { type MarketFile, readMarketFile } from "./market/market-file.ts";
import { readKey } from "./wallet-file.ts";

/** A coordinator, its market's rules, and whoever is calling. */
export interface Connection {
  readonly client: Client;
  readonly market: Market;
  /** The client's own RPC endpoint; null when there is none and the coordinator's word has to do. */
  readonly rpcUrl: string | null;
  /** The account's key; undefined when only an API key is given. */
  readonly key: Hex | undefined;
}

export type MarketToken = Market["tokens"][number] & Token;

/** Where the coordinator is: as named, else the market of this machine. Rejects with `not-running` or `bad-usage`. */
async function addressOf(context: Context, local: MarketFile | undefined): Promise<string> {
  const url = context.options.url ?? context.env.COREPOOL_URL ?? local?.url;
  if (url === undefined) {
    throw new CorepoolError("not-running", {
      detail: `No market runs in ${context.home.dir}, and no coordinator was named.`,
      next: "Start one with: corepool up (or name one with --url or COREPOOL_URL).",
    });
  }
  if (!/^https?:\/\//.test(url))
    throw new CorepoolError("bad-usage", {
      detail: `--url (or COREPOOL_URL) "${url}" is not an http(s) address.`,
      next: "Write it like https://market.example.",
    });
  return url;
}

function walletKey({ options, env, home }: Context): Promise<Hex | undefined> {
  return readKey(options.wallet ?? env.COREPOOL_KEY_FILE ?? home.wallet);
}

/**
 * The road to the chain that asks no coordinator anything: for taking back what was signed while the coordinator is
 * away or not to be trusted. `known`: the market, when a file of ours says it; else what this machine knows of the
 * coordinator that is named.
 */
export async function chainAlone(
  context: Context,
  known?: { readonly chainId: number; readonly market: Address; readonly rpcUrl: string | null },
): Promise<MarketChain> {
  const { home, env, options } = context;
  const local = await readMarketFile(home);
  const url = known === undefined ? await addressOf(context, local) : undefined;
  const at = known ?? (await knownMarket(home, { url: url ?? "", local: isLocal(url, local) }));
  if (at === undefined)
    throw new CorepoolError("bad-usage", {
      detail: `This machine has never met the market at ${url}, and takes no word for its contract now.`,
      next: "Call from the machine that signed, with the same COREPOOL_HOME.",
    });
  const key = await walletKey(context);
  if (key === undefined) throw noWallet();
  const here = known === undefined || (await isMarketHere(home, known)) ? local?.rpcUrl : undefined;
  const rpcUrl = options.rpc ?? env.COREPOOL_RPC_URL ?? here ?? known?.rpcUrl ?? null;
  return openFor(at.chainId, at.market, rpcUrl, key);
}

/** Whether a market is the one that was deployed in this folder, wherever it answers now. */
async function isMarketHere(
  home: Context["home"],
  market: { readonly chainId: number; readonly market: Address },
): Promise<boolean> {
  const ours = await knownMarket(home, { url: "", local: true });
  return ours !== undefined && ours.chainId === market.chainId && sameAddress(ours.market, market.market);
}

/** Where the coordinator of a market that was met earlier is now: as named, else here, else where it was. */
export async function addressNow(
  context: Context,
  met: { readonly url: string; readonly chainId: number; readonly market: Address },
): Promise<string> {
  const { env, home, options } = context;
  const here = (await isMarketHere(home, met)) ? (await readMarketFile(home))?.url : undefined;
  return options.url ?? env.COREPOOL_URL ?? here ?? met.url;
}

/** A client of a coordinator that is not asked for its market: for a word to one that may be away. */
export async function clientAlone(context: Context, url: string, patienceMs: number): Promise<Client> {
  const { clock, random } = context;
  const key = await walletKey(context);
  const bare = createClient({ url, fetch: systemFetch, clock, random, patienceMs, tryMs: patienceMs });
  return key === undefined ? bare : withWallet(bare, keySigner(key));
}

const isLocal = (url: string | undefined, local: MarketFile | undefined): boolean =>
  local !== undefined && url?.replace(/\/+$/, "") === local.url.replace(/\/+$/, "");

const noWallet = (): CorepoolError =>
  new CorepoolError("unauthenticated", {
    detail: "There is no wallet on this machine.",
    next: "Make one with: corepool wallet create (or set COREPOOL_API_KEY).",
  });

export interface ConnectOptions {
  /** Neither wallet nor API key is needed. */
  readonly anonymous?: boolean;
  /** The command only looks at something: who waits for it would rather be told soon that nobody answers. */
  readonly reads?: boolean;
}

/** After so long without an answer it is said that the coordinator is tried again. */
const TELL_AFTER_MS = 2_000;
/** How long a command that only reads goes on trying; with its last try it ends within ten seconds. */
const READ_PATIENCE = { patienceMs: 5_000, tryMs: 3_500 };

/** The market's rules: the first question of every command, so the one that finds a coordinator away. */
async function meet(context: Context, client: Client, reads: boolean): Promise<Market> {
  const asked = reads ? patient(client, READ_PATIENCE.patienceMs, READ_PATIENCE.tryMs) : client;
  const answered = new AbortController();
  void context.clock.sleep(TELL_AFTER_MS, answered.signal).then(
    () => {
      const seconds = Math.ceil((asked.patienceMs + (reads ? asked.tryMs : 0)) / 1000);
      context.output.hint(`The coordinator at ${client.url} does not answer; trying again for up to ${seconds} s.`);
    },
    () => undefined,
  );
  try {
    return await call(asked, getMarket, {});
  } finally {
    answered.abort();
  }
}

/** Connects as the wallet of this machine (or an API key). Rejects with `coordinator-unreachable` and others. */
export async function connect(context: Context, options: ConnectOptions = {}): Promise<Connection> {
  const { env, home, clock, random, output } = context;
  const local = await readMarketFile(home);
  const url = await addressOf(context, local);
  const key = options.anonymous === true ? undefined : await walletKey(context);
  const bare = createClient({ url, fetch: systemFetch, clock, random, token: env.COREPOOL_API_KEY });
  const client = key !== undefined && env.COREPOOL_API_KEY === undefined ? withWallet(bare, keySigner(key)) : bare;
  if (options.anonymous !== true && key === undefined && env.COREPOOL_API_KEY === undefined) throw noWallet();
  const market = await meet(context, client, options.reads === true);
  const at = { url: client.url, local: isLocal(client.url, local) };
  await checkMarket(home, at, market, output.line);
  return { client, market, key, rpcUrl: context.options.rpc ?? env.COREPOOL_RPC_URL ?? local?.rpcUrl ?? market.rpcUrl };
}

/** The account's key, for what only it can sign. */
export function keyOf(connection: Connection): Hex {
  if (connection.key !== undefined) return connection.key;
  throw new CorepoolError("unauthenticated", {
    detail: "This needs the wallet's own signature; an API key cannot give it.",
    next: "Name the wallet's key file with --wallet.",
  });
}

/** The client's own road to the chain. Rejects with `bad-usage` when no RPC endpoint is known. */
export function chainOf(connection: Connection): Promise<MarketChain> {
  const { market, rpcUrl, key } = connection;
  return openFor(market.chainId, market.contracts.leaseMarket, rpcUrl, key);
}

async function openFor(
  chainId: number,
  market: Address,
  rpcUrl: string | null,
  key: Hex | undefined,
): Promise<MarketChain> {
  if (rpcUrl === null)
    throw new CorepoolError("bad-usage", {
      detail: "This reads the chain directly, and no RPC endpoint is known.",
      next: "Name one with --rpc or COREPOOL_RPC_URL.",
    });
  return openChain({
    transport: http(rpcUrl, { retryCount: 2, timeout: 10_000 }),
    chainId,
    market,
    account: key === undefined ? undefined : privateKeyToAccount(key),
  });
}

/** A listed token by its symbol ("GP", "USDC") or address. */
export function tokenOf(market: Market, name: string): MarketToken {
  const found = market.tokens.find(
    (t) =>
      t.symbol.toLowerCase() === name.toLowerCase() ||
      sameAddress(t.address, name) ||
      t.symbol.toLowerCase() === `t${name.toLowerCase()}`,
  );
  if (found !== undefined) return found;
  throw new CorepoolError("bad-usage", {
    detail: `This market does not list ${name}.`,
    next: `Use one of: ${market.tokens.map((t) => t.symbol).join(", ")}.`,
  });
}
