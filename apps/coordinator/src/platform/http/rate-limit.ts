import { CorepoolError } from "@corepool/core/errors";
import type { Clock } from "@corepool/core/ports/clock";
import type { RateClass } from "@corepool/protocol/route";

/** What a limiter says about one request. */
export interface RateVerdict {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the bucket is full again (allowed), or until one request fits (refused). */
  readonly seconds: number;
}

/** Counts requests. In one process a token bucket; several processes may share one behind the same interface. */
export interface RateLimiter {
  /** Takes one request of the class from the bucket of `who` (`account:…` or `ip:…`). */
  take(rate: RateClass, who: string): RateVerdict;
}

/** Requests per minute and class. */
export type RateLimits = Readonly<Record<RateClass, number>>;

/** A signed-out caller gets this share of the limits: one address may hide many people, or one attacker. */
export const ANONYMOUS_SHARE = 0.25;

const MAX_BUCKETS = 50_000;

/** Token buckets in memory: a minute's worth of requests may come at once, then as many as the minute refills. */
export function tokenBuckets(clock: Clock, limits: RateLimits): RateLimiter {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(rate, who) {
      const limit = Math.max(1, Math.floor(limits[rate] * (who.startsWith("ip:") ? ANONYMOUS_SHARE : 1)));
      const perMs = limit / 60_000;
      const name = `${rate} ${who}`;
      const now = clock.monotonic();
      const known = buckets.get(name);
      const tokens = Math.min(limit, (known?.tokens ?? limit) + (known === undefined ? 0 : (now - known.at) * perMs));
      const allowed = tokens >= 1;
      const left = allowed ? tokens - 1 : tokens;
      buckets.delete(name);
      buckets.set(name, { tokens: left, at: now });
      if (buckets.size > MAX_BUCKETS) forgetOldest(buckets);
      const wait = allowed ? (limit - left) / perMs : (1 - left) / perMs;
      return { allowed, limit, remaining: Math.floor(left), seconds: Math.ceil(wait / 1000) };
    },
  };
}

/** Maps keep insertion order and every use inserts anew: the first entry is the longest unused. */
function forgetOldest(buckets: Map<string, unknown>): void {
  const oldest = buckets.keys().next();
  if (oldest.done !== true) buckets.delete(oldest.value);
}

/** The headers of draft-ietf-httpapi-ratelimit-headers. */
export function rateHeaders(rate: RateClass, verdict: RateVerdict): Record<string, string> {
  return {
    "ratelimit-policy": `"${rate}";q=${verdict.limit};w=60`,
    ratelimit: `"${rate}";r=${verdict.remaining};t=${verdict.seconds}`,
  };
}

/** The refusal, with how long to wait. */
export function rateLimited(rate: RateClass, verdict: RateVerdict): CorepoolError {
  return new CorepoolError("rate-limited", {
    detail: `More than ${verdict.limit} ${rate} requests within a minute.`,
    next: `Wait ${verdict.seconds} s and send the request again.`,
    data: { retryAfter: verdict.seconds },
  });
}
