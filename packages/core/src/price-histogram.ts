/** Offers at one price. `rate`: base units per second. */
export interface PricedOffers {
  readonly rate: bigint;
  readonly offers: number;
}

/** Prices from `from` up to but not including `to`; null: everything above. */
export interface PriceBucket {
  readonly from: bigint;
  readonly to: bigint | null;
  readonly offers: number;
}

export interface PriceHistogram {
  readonly offers: number;
  readonly lowest: bigint;
  readonly median: bigint;
  readonly highest: bigint;
  readonly buckets: readonly PriceBucket[];
}

/** The price that `part` of 100 parts of the offers do not exceed. */
function percentile(sorted: readonly PricedOffers[], total: number, part: number): bigint {
  let seen = 0;
  for (const { rate, offers } of sorted) {
    seen += offers;
    if (seen * 100 >= total * part) return rate;
  }
  return sorted.at(-1)?.rate ?? 0n;
}

/**
 * How prices are spread: buckets of equal width up to the price that 95% of the offers do not exceed, and one more for
 * the few above, which would otherwise squeeze all others into one. Undefined where there is no offer.
 */
export function priceHistogram(prices: readonly PricedOffers[], most: number): PriceHistogram | undefined {
  const sorted = prices.filter(({ offers }) => offers > 0).sort((a, b) => (a.rate < b.rate ? -1 : 1));
  const [first] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const total = sorted.reduce((sum, { offers }) => sum + offers, 0);
  const common = percentile(sorted, total, 95);
  const span = common - first.rate + 1n;
  const width = (span + BigInt(most) - 1n) / BigInt(most);
  const count = Number((span + width - 1n) / width);
  const end = first.rate + BigInt(count) * width;
  const bounds = Array.from({ length: count }, (_, i) => first.rate + BigInt(i) * width);
  const within = (from: bigint, to: bigint | null) =>
    sorted.reduce((sum, { rate, offers }) => (rate >= from && (to === null || rate < to) ? sum + offers : sum), 0);
  const buckets: PriceBucket[] = bounds.map((from) => ({ from, to: from + width, offers: within(from, from + width) }));
  if (last.rate >= end) buckets.push({ from: end, to: null, offers: within(end, null) });
  return { offers: total, lowest: first.rate, median: percentile(sorted, total, 50), highest: last.rate, buckets };
}
