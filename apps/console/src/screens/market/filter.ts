import { parseAmount, type Token } from "@corepool/core/money";
import type { OfferView } from "@corepool/protocol/resources";

/** What the market is filtered by; `token` is an address. */
export interface MarketFilter {
  readonly gpu?: string | undefined;
  readonly cpus?: number | undefined;
  readonly memory?: number | undefined;
  readonly max?: string | undefined;
  readonly token?: string | undefined;
  readonly free?: "yes" | "all" | undefined;
}

const GIB = 2 ** 30;

/** The model of a unit's GPUs, without what its maker's name adds; undefined for a unit without. */
export function gpuModel(offer: OfferView): string | undefined {
  return offer.signed.spec.resources.gpus[0]?.model.replace(/^NVIDIA\s+(GeForce\s+)?/i, "");
}

/** Offers that pass. The highest price counts in the token of each offer. */
export function filterOffers(
  offers: readonly OfferView[],
  filter: MarketFilter,
  tokenOf: (address: string) => Token | undefined,
): readonly OfferView[] {
  return offers.filter((each) => {
    const { resources } = each.signed.spec;
    const { offer } = each.signed;
    if (filter.free !== "all" && (!each.online || each.busy)) return false;
    if (filter.gpu === "none" && resources.gpus.length > 0) return false;
    if (filter.gpu !== undefined && filter.gpu !== "none" && gpuModel(each) !== filter.gpu) return false;
    if (filter.cpus !== undefined && resources.cpus < filter.cpus) return false;
    if (filter.memory !== undefined && resources.memoryBytes < filter.memory * GIB) return false;
    if (filter.token !== undefined && offer.token.toLowerCase() !== filter.token.toLowerCase()) return false;
    if (filter.max !== undefined) {
      const token = tokenOf(offer.token);
      // A price in a token that the market does not list cannot be compared.
      if (token === undefined || BigInt(offer.rate) * 3_600n > mostOf(filter.max, token)) return false;
    }
    return true;
  });
}

/** A highest price as typed, in base units; digits that the token does not have are cut. */
function mostOf(max: string, token: Token): bigint {
  const [whole = "0", fraction = ""] = max.split(".");
  const kept = fraction.slice(0, token.decimals);
  return parseAmount(kept === "" ? whole : `${whole}.${kept}`, token);
}

/** GPU models on offer, the most frequent first. */
export function gpuModels(offers: readonly OfferView[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const each of offers) {
    const model = gpuModel(each);
    if (model !== undefined) counts.set(model, (counts.get(model) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([model]) => model);
}
