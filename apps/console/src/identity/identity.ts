import type { Address } from "@corepool/core/hex";
import { createStore } from "../app/store.ts";
import { client } from "../data/client.ts";
import { needsSignIn, queries } from "../data/query.ts";
import { parseIdentity } from "./parse.ts";
import type { Identity, IdentityKind, KeyHome } from "./port.ts";

/**
 * The identity of this tab. Its token is kept in sessionStorage: it outlives a reload and ends with the tab. The key is
 * never there; it stays in the wallet, or wrapped in IndexedDB, and is asked when something has to be signed.
 */
const KEY = "corepool.identity";

export const identity = createStore<Identity | undefined>(undefined);

/** The key's home while it is open in this page. */
let open:
  | { readonly kind: IdentityKind; readonly address: Address; readonly home: KeyHome; readonly leave: () => void }
  | undefined;

function keep(value: Identity | undefined): void {
  try {
    if (value === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(value));
  } catch {
    // Storage is forbidden: the identity lasts until the page is closed.
  }
}

/** Takes an identity on, or leaves it: the token goes to the client, and nothing of the one before stays in the cache. */
function take(value: Identity | undefined): void {
  const before = identity.get();
  client.credentials.token = value?.token;
  keep(value);
  identity.set(value);
  if (before !== undefined && before.address !== value?.address) queries.clear();
}

/** Goes on with the identity that this tab had before it was loaded anew, until the coordinator no longer knows it. */
export function resume(): void {
  queries.getQueryCache().subscribe((event) => {
    if (event.type === "updated" && event.action.type === "error" && needsSignIn(event.action.error)) take(undefined);
  });
  try {
    take(parseIdentity(sessionStorage.getItem(KEY), Date.now()));
  } catch {
    // Storage is forbidden: nobody is signed in.
  }
}

/** Signs in with an open key: the coordinator's challenge is checked and signed (ERC-4361). */
export async function enter(kind: IdentityKind, label: string, home: KeyHome): Promise<Identity> {
  const { signInWith } = await import("@corepool/sdk/sign-in");
  const { token, expiresAt } = await signInWith(client, home.signer);
  open?.leave();
  const { address } = home.signer;
  open = { kind, address, home, leave: home.onGone(() => void leave()) };
  const value: Identity = { kind, address, label, token, expiresAt };
  take(value);
  return value;
}

/** So long before it ends a sign-in is renewed. */
const RENEW_MS = 30 * 60_000;

/** Signs in again when the sign-in ends soon and the browser's own key is open in this page: then nobody is asked. */
export async function renew(now: number): Promise<void> {
  const value = identity.get();
  if (value === undefined || open?.kind !== "browser-key" || open.address !== value.address) return;
  if (Date.parse(value.expiresAt) - now < RENEW_MS) await enter(value.kind, value.label, open.home);
}

/** Signs out here and at the coordinator. The key stays where it is. */
export async function leave(): Promise<void> {
  const had = identity.get();
  open?.leave();
  open = undefined;
  take(undefined);
  if (had === undefined) return;
  const [{ call }, { signOut }] = await Promise.all([
    import("@corepool/sdk/call"),
    import("@corepool/protocol/routes/accounts"),
  ]);
  // The coordinator may be away: here the sign-in has ended all the same, there it expires.
  await call({ ...client, credentials: { token: had.token } }, signOut, {}).catch(() => undefined);
}

/**
 * The key of whoever is signed in, opened when it is not: the wallet is asked, or the passkey. Rejects when it is refused.
 * @public for the screens that sign
 */
export async function keyHome(): Promise<KeyHome> {
  const now = identity.get();
  if (now === undefined) throw new Error("Nobody is signed in.");
  if (open !== undefined && open.kind === now.kind && open.address === now.address) return open.home;
  const home =
    now.kind === "wallet"
      ? await (await import("./wallet/wallet.ts")).reopen(now)
      : await (await import("./browser-key/browser-key.ts")).reopen(now);
  open = { kind: now.kind, address: now.address, home, leave: home.onGone(() => void leave()) };
  return home;
}
