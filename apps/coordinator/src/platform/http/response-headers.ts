/** Headers that every answer carries: nothing of ours is meant to be rendered, framed, sniffed or cached by default. */
export function secure(headers: Headers, https: boolean): void {
  headers.set("x-content-type-options", "nosniff");
  headers.set("content-security-policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox");
  headers.set("referrer-policy", "no-referrer");
  headers.set("cross-origin-resource-policy", "same-site");
  if (https) headers.set("strict-transport-security", "max-age=31536000; includeSubDomains");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
}

const EXPOSED =
  "x-request-id, ratelimit, ratelimit-policy, retry-after, idempotent-replayed, upload-offset, content-range, accept-ranges";

/** Lets listed origins call from a browser. Bearer tokens only, never cookies, so credentials stay off. */
export function crossOrigin(request: Request, headers: Headers, origins: readonly string[]): void {
  if (origins.length === 0) return;
  headers.append("vary", "origin");
  const origin = request.headers.get("origin");
  if (origin === null || !origins.includes(origin)) return;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-expose-headers", EXPOSED);
  if (request.method !== "OPTIONS") return;
  headers.set("access-control-allow-methods", headers.get("allow") ?? "");
  headers.set(
    "access-control-allow-headers",
    "authorization, content-type, idempotency-key, last-event-id, range, traceparent, upload-length, upload-offset, x-request-id",
  );
  headers.set("access-control-max-age", "600");
}
