const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes as people read them, rounded down to one decimal of the largest unit that fits. */
export function formatBytes(bytes: number): string {
  let power = 0;
  while (power < UNITS.length - 1 && bytes >= 1024 ** (power + 1)) power++;
  const value = bytes / 1024 ** power;
  return Number.isInteger(value) ? `${value} ${UNITS[power]}` : `${Math.floor(value * 10) / 10} ${UNITS[power]}`;
}
