/** What one account spends in one token. Money in base units, `perDay` in order of time; its last day is not over yet. */
export interface Spending {
  readonly perDay: readonly bigint[];
  /** Base units per second that live leases cost now. */
  readonly rate: bigint;
  readonly cash: bigint;
  readonly escrowed: bigint;
}

/** Where that leads when everything goes on as it does. */
export interface SpendForecast {
  /**
   * Base units per day: of the last seven days that are over, or of those since the first spending when fewer; while none
   * is over, what this one has seen so far.
   */
  readonly averageDay: bigint;
  /** The average for thirty days. */
  readonly nextThirtyDays: bigint;
  /** Seconds until cash and escrow are used up at the rate of now; null when nothing runs. */
  readonly runsOutSeconds: number | null;
}

const AVERAGE_DAYS = 7;
/** A hundred years: beyond, nobody plans. */
const LONGEST_SECONDS = 3_155_760_000n;

/** Forecasts spending. A first day that is not over stands for itself: one early payment is not taken for a habit. */
export function forecastSpend(spending: Spending): SpendForecast {
  const { perDay, rate, cash, escrowed } = spending;
  const first = perDay.findIndex((spent) => spent > 0n);
  const begun = first === -1 ? [] : perDay.slice(first);
  const over = begun.slice(0, -1).slice(-AVERAGE_DAYS);
  const sum = over.reduce((total, spent) => total + spent, 0n);
  const averageDay = over.length > 0 ? sum / BigInt(over.length) : (begun[0] ?? 0n);
  const left = rate === 0n ? 0n : (cash + escrowed) / rate;
  return {
    averageDay,
    nextThirtyDays: averageDay * 30n,
    runsOutSeconds: rate === 0n ? null : Number(left < LONGEST_SECONDS ? left : LONGEST_SECONDS),
  };
}
