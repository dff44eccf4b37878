import { readRecord } from "@corepool/chain/adapters/deploy-file";
import { deploymentOf } from "@corepool/chain/deploy";
import { CorepoolError } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import type { Market } from "@corepool/protocol/resources";
import { z } from "zod";
import { readText, writePrivate } from "./files.ts";
import type { Home } from "./home.ts";

const identity = z.object({ chainId: z.int(), leaseMarket: z.string(), tokens: z.array(z.string()) });
const known = z.record(z.string(), identity);
/** What money goes to: the chain, the market's contract and its tokens; addresses in lower case, tokens sorted. */
type Identity = z.infer<typeof identity>;

const told = (market: Market): Identity => ({
  chainId: market.chainId,
  leaseMarket: market.contracts.leaseMarket.toLowerCase(),
  tokens: market.tokens.map((t) => t.address.toLowerCase()).sort(),
});

const describe = (it: Identity): string =>
  `market ${it.leaseMarket} on chain ${it.chainId} with tokens ${it.tokens.join(", ") || "none"}`;

function refuse(url: string, expected: Identity, got: Identity, next: string): never {
  throw new CorepoolError("wrong-chain", {
    detail: `${url} tells of ${describe(got)}, but this machine knows ${describe(expected)}.`,
    next,
    data: { expected, told: got },
  });
}

/** Holds a coordinator that runs here to the record of what was deployed here. Rejects with `wrong-chain`. */
function checkLocal(url: string, got: Identity, record: NonNullable<ReturnType<typeof readRecord>>): void {
  const { chainId, leaseMarket, gpToken, stablecoin } = deploymentOf(record);
  const tokens = [gpToken, stablecoin].map((t) => t.toLowerCase()).sort();
  const expected = { chainId, leaseMarket: leaseMarket.toLowerCase(), tokens };
  const same = got.chainId === expected.chainId && got.leaseMarket === expected.leaseMarket;
  if (!same || !got.tokens.every((t) => tokens.includes(t)))
    refuse(url, expected, got, "Do not sign or deposit; stop the market with: corepool down, and see its logs.");
}

async function knownMarkets(home: Home): Promise<z.infer<typeof known>> {
  const text = await readText(home.knownMarkets);
  try {
    return text === undefined ? {} : known.parse(JSON.parse(text));
  } catch (cause) {
    throw new CorepoolError("bad-usage", {
      detail: `${home.knownMarkets} is damaged; it says which contracts belong to which coordinator.`,
      next: "Restore it from your copy, or delete it to trust every coordinator anew.",
      cause,
    });
  }
}

/** The market that this machine knows a coordinator by, without asking it; undefined before first contact. */
export async function knownMarket(
  home: Home,
  at: { readonly url: string; readonly local: boolean },
): Promise<{ readonly chainId: number; readonly market: Address } | undefined> {
  const record = at.local ? readRecord(home.deployment) : undefined;
  if (record?.complete === true) {
    const { chainId, leaseMarket } = deploymentOf(record);
    return { chainId, market: leaseMarket };
  }
  const url = at.url.replace(/\/+$/, "");
  const markets = await knownMarkets(home);
  const found = Object.hasOwn(markets, url) ? markets[url] : undefined;
  return found === undefined ? undefined : { chainId: found.chainId, market: found.leaseMarket as Address };
}

/**
 * Holds a coordinator to the contracts this machine knows for it: a local one to the deployment record, any other to
 * what it said on first contact, which is remembered and told by `say`. Rejects with `wrong-chain` on a difference.
 */
export async function checkMarket(
  home: Home,
  at: { readonly url: string; readonly local: boolean },
  market: Market,
  say: (line: string) => void,
): Promise<void> {
  const url = at.url.replace(/\/+$/, "");
  const got = told(market);
  const record = at.local ? readRecord(home.deployment) : undefined;
  if (record?.complete === true) return checkLocal(url, got, record);
  const markets = await knownMarkets(home);
  const before = Object.hasOwn(markets, url) ? markets[url] : undefined;
  if (before === undefined) {
    await writePrivate(home.knownMarkets, `${JSON.stringify({ ...markets, [url]: got }, undefined, 2)}\n`);
    say(`first contact with ${url}: market ${got.leaseMarket} on chain ${got.chainId}; remembered`);
  } else if (JSON.stringify(before) !== JSON.stringify(got)) {
    refuse(
      url,
      before,
      got,
      `Ask its operator, elsewhere, whether it moved; only then remove its entry from ${home.knownMarkets}.`,
    );
  }
}
