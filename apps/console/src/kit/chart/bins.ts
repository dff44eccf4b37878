/** One bar of a histogram: values from `from` up to but without `to`; the last one has its end too. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** A step of 1, 2 or 5 times a power of ten that is at least `rough`. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

/** Sorts values into at most `most` bins with ends that people can read. Values that are no finite numbers are left out. */
export function binsOf(values: readonly number[], most = 24): readonly Bin[] {
  const finite = values.filter((value) => Number.isFinite(value));
  if (finite.length === 0) return [];
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of finite) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === high) return [{ from: low, to: high, count: finite.length }];
  const step = niceStep((high - low) / Math.max(1, most - 1));
  const first = Math.floor(low / step);
  const bins = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => ({
    from: Number(((first + i) * step).toPrecision(12)),
    to: Number(((first + i + 1) * step).toPrecision(12)),
    count: 0,
  }));
  for (const value of finite) {
    const index = Math.min(bins.length - 1, Math.max(0, Math.floor(value / step) - first));
    const bin = bins[index];
    if (bin !== undefined) bin.count++;
  }
  return bins;
}
