/**
 * What the console's page may do: run, style and show what this origin serves, and talk to this origin and to the chain's
 * RPC endpoint that the market names (`rpcUrl`). No inline script or style, no frame around it, no form that leaves it.
 */
export function contentSecurityPolicy(rpcUrl: string | undefined): string {
  const chain = rpcUrl === undefined ? [] : [new URL(rpcUrl).origin];
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data:",
    ["connect-src 'self'", ...chain].join(" "),
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}

/** What else every answer of the console carries. Passkeys are this page's own business, the rest of a device is not. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy":
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-create=(self), publickey-credentials-get=(self)",
};
