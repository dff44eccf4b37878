import type { Address } from "@corepool/core/hex";

/** What the agent of a new machine has to know. */
export interface Connection {
  /** Of the coordinator, as the other computer reaches it. */
  readonly url: string;
  /** Null when the market names none: the provider puts his own in. */
  readonly rpcUrl: string | null;
  readonly market: Address;
  readonly registry: Address;
  /** Who is paid; the agent draws the machine's own key by itself. */
  readonly payTo: Address | undefined;
}

const RPC_TO_FILL_IN = "https://RPC-ENDPOINT-OF-THE-CHAIN";

/** Quotes for a POSIX shell what is not plain. */
function quoted(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The one command, run in the folder of the repository, that starts an agent on a computer and keeps it in the market. */
export function connectCommand({ url, rpcUrl, market, registry, payTo }: Connection): string {
  const settings: readonly (readonly [string, string | undefined])[] = [
    ["COREPOOL_COORDINATOR_URL", url],
    ["COREPOOL_RPC_URL", rpcUrl ?? RPC_TO_FILL_IN],
    ["COREPOOL_MARKET", market],
    ["COREPOOL_REGISTRY", registry],
    ["COREPOOL_PAY_TO", payTo],
  ];
  const words = settings.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${quoted(value)}`]));
  return [...words, `npx node apps/agent/src/supervise.ts --state ~/.corepool/provider`].join(" \\\n  ");
}

/** Whether an address is reached from its own computer only. */
export function onlyHere(url: string): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);
}
