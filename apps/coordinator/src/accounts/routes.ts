import type { Address } from "@corepool/core/hex";
import type { AccountView } from "@corepool/protocol/resources";
import {
  createApiKey,
  createNonce,
  getAccount,
  listApiKeys,
  revokeApiKey,
  signIn,
  signOut,
} from "@corepool/protocol/routes/accounts";
import type { Database } from "../platform/database/database.ts";
import { bearerOf } from "../platform/http/authorize.ts";
import type { Api } from "../platform/http/call.ts";
import type { ApiKeys } from "./api-keys.ts";
import type { Sessions } from "./sessions.ts";
import type { SignIn } from "./sign-in.ts";

export interface AccountParts {
  readonly database: Database;
  readonly signIn: SignIn;
  readonly sessions: Sessions;
  readonly apiKeys: ApiKeys;
  /** Balances and counters, which the market's own parts know. */
  account(address: Address): Promise<AccountView>;
}

/** Binds sign-in, sessions, the account and its API keys. */
export function bindAccounts(api: Api, parts: AccountParts): void {
  api.bind(createNonce, ({ body, request }) =>
    parts.signIn.createNonce(body.address, request.headers.get("origin") ?? undefined),
  );

  api.bind(signIn, async ({ body }) => {
    const account = await parts.signIn.verify(body.message, body.signature);
    const { token, expiresAt } = await parts.sessions.start(account);
    return { token, account, expiresAt: expiresAt.toISOString() };
  });

  api.bind(signOut, async ({ request }) => {
    const token = bearerOf(request);
    if (token !== undefined) await parts.sessions.end(token);
    return undefined;
  });

  api.bind(getAccount, ({ caller }) => parts.account(caller.account));

  api.bind(createApiKey, ({ caller, body, settle }) =>
    parts.database.transaction(async (tx) => settle(tx, await parts.apiKeys.create(tx, caller, body))),
  );

  api.bind(listApiKeys, ({ caller, query }) => parts.apiKeys.list(caller, query));

  api.bind(revokeApiKey, async ({ caller, params }) => {
    await parts.apiKeys.revoke(caller, params.id);
    return undefined;
  });
}
