import type { SignInMessage } from "./sign-in-message.ts";

/** What a sign-in message must say to be meant for us. */
export interface SignInPlace {
  /** Host and port of the coordinator as its clients see it. */
  readonly domain: string;
  readonly uri: string;
  readonly chainId: number;
}

const SKEW_MS = 5 * 60_000;
/** Longest validity of a message. */
export const MESSAGE_LIFE_MS = 10 * 60_000;

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined || !RFC3339.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Why a message is not acceptable at `now` (ms since the epoch), or undefined when it is. Domain, URI, version and chain
 * must be exactly ours; it must have been issued within five minutes and expire at most ten minutes after that.
 */
export function refusalOf(message: SignInMessage, place: SignInPlace, now: number): string | undefined {
  if (message.domain !== place.domain)
    return `it is for the domain ${JSON.stringify(message.domain.slice(0, 100))}, not ${place.domain}`;
  if (message.uri !== place.uri) return `its URI is not ${place.uri}`;
  if (message.version !== "1") return "its version is not 1";
  if (message.chainId !== place.chainId) return `it is for chain ${message.chainId}, not ${place.chainId}`;
  const issued = timeOf(message.issuedAt);
  if (issued === undefined || Math.abs(now - issued) > SKEW_MS) return "it was not issued within the last five minutes";
  const expires = timeOf(message.expirationTime);
  if (expires === undefined) return "it names no expiration time";
  if (expires <= now) return "it has expired";
  if (expires - issued > MESSAGE_LIFE_MS) return "it is valid for longer than ten minutes";
  if (message.notBefore === undefined) return undefined;
  const start = timeOf(message.notBefore);
  return start === undefined || start > now ? "it is not valid yet" : undefined;
}
