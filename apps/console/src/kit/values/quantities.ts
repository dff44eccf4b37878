const STEPS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes as people compare them: 1610612736 is "1.5 GiB". */
export function bytesText(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1024 && step < STEPS.length - 1) {
    value /= 1024;
    step++;
  }
  // 1023.96 would be shown as 1024.
  if (Number(value.toFixed(1)) >= 1024 && step < STEPS.length - 1) {
    value /= 1024;
    step++;
  }
  return `${value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${STEPS[step]}`;
}

/**
 * A duration by its two largest units: 3725 s is "1h 2m", 59.4 s is "59s", 0.42 s is "420ms". Symbols, not words, so
 * that columns line up and every language reads them.
 */
export function durationText(ms: number): string {
  if (ms < 0) return `-${durationText(-ms)}`;
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const total = Math.floor(ms / 1_000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(total / 86_400), "d"],
    [Math.floor(total / 3_600) % 24, "h"],
    [Math.floor(total / 60) % 60, "m"],
    [total % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}

/** The first and last characters of an id, which are what people compare. */
export function shortened(text: string, head = 6, tail = 4): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
}
