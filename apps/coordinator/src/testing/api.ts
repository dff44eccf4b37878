import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { httpEndpoint } from "@corepool/chain/adapters/http-endpoint";
import { Endpoints } from "@corepool/chain/endpoints";
import { LOCAL_FINALITY } from "@corepool/chain/finality";
import { createReader } from "@corepool/chain/reader";
import type { Address, BlobHash } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import type { AccountView } from "@corepool/protocol/resources";
import { openFileBlobs } from "@corepool/storage/adapters/files";
import type { PrivateKeyAccount } from "viem/accounts";
import { createSiweMessage } from "viem/siwe";
import { type Accounts, createAccounts } from "../accounts/accounts.ts";
import { ApiKeys } from "../accounts/api-keys.ts";
import { bindAccounts } from "../accounts/routes.ts";
import { Sessions } from "../accounts/sessions.ts";
import { SignIn } from "../accounts/sign-in.ts";
import { BlobAccess } from "../blobs/access.ts";
import { type BlobLimits, Reservations } from "../blobs/reservations.ts";
import { bindBlobs } from "../blobs/routes.ts";
import { UploadDesk } from "../blobs/upload.ts";
import { systemRandom } from "../platform/adapters/system-random.ts";
import { HttpApi } from "../platform/http/api.ts";
import type { Caller } from "../platform/http/call.ts";
import { Idempotency } from "../platform/http/idempotency.ts";
import { type RateLimits, tokenBuckets } from "../platform/http/rate-limit.ts";
import { createLog } from "../platform/process/log.ts";
import { openTestDatabase } from "./database.ts";
import { movingClock } from "./moving-clock.ts";

/** Where test coordinators say they are. */
export const PLACE = { domain: "pool.example", uri: "https://pool.example", chainId: 31_337 };
/** The same by another name. */
export const OTHER_PLACE = { domain: "localhost:8080", uri: "http://localhost:8080", chainId: 31_337 };

const PLENTY: RateLimits = { read: 1_000_000, write: 1_000_000, match: 1_000_000, stream: 1_000_000 };

export interface TestApiOptions {
  /** Reads contract accounts; left out where no test signs in with one. */
  readonly chain?: ChainReader;
  readonly limits?: RateLimits;
  readonly corsOrigins?: readonly string[];
  readonly mayReadBlob?: (caller: Caller, hash: BlobHash) => Promise<boolean>;
  readonly account?: (address: Address) => Promise<AccountView>;
  /** What an account may hold; generous by default. */
  readonly blobLimits?: BlobLimits;
}

export type TestApi = Awaited<ReturnType<typeof testApi>>;

/** The API with accounts and blobs on a real database, a real folder and the real kernel, but without a port. */
export async function testApi(options: TestApiOptions = {}) {
  const clock = movingClock();
  const random = systemRandom;
  const { url, database, close } = await openTestDatabase();
  const dir = await mkdtemp(join(tmpdir(), "corepool-api-"));
  const blobs = await openFileBlobs({ dir, maxBlobBytes: 64 * 2 ** 20 });
  const logged: string[] = [];
  const log = createLog("debug", { write: (line: string) => logged.push(line) });
  const stopping = new AbortController();

  const sessions = new Sessions(database, clock, random);
  const apiKeys = new ApiKeys(database, clock, random);
  const accounts: Accounts = createAccounts({ sessions, apiKeys, clock, reader: database.reader });
  // Nobody listens there: a test that needs a chain brings one.
  const nowhere = new Endpoints(PLACE.chainId, [httpEndpoint("http://127.0.0.1:9")], clock);
  const chain = options.chain ?? createReader({ endpoints: nowhere, finality: LOCAL_FINALITY, clock });
  const signIn = new SignIn({ database, chain, clock, random, places: [PLACE, OTHER_PLACE] });
  const idempotency = new Idempotency(database, clock, random);
  const observed: { operation: string; status: number }[] = [];
  const api = new HttpApi({
    clock,
    random,
    log,
    limiter: tokenBuckets(clock, options.limits ?? PLENTY),
    idempotency,
    authenticate: (token) => accounts.authenticate(token),
    observe: (operation, status) => observed.push({ operation, status }),
    corsOrigins: options.corsOrigins ?? [],
    https: true,
    checkResponses: true,
    stopping: stopping.signal,
  });
  const account =
    options.account ?? ((address: Address) => Promise.resolve({ address, balances: [], counter: 0, nextNonce: 0 }));
  bindAccounts(api, { database, signIn, sessions, apiKeys, account });
  const mayRead = options.mayReadBlob ?? (() => Promise.resolve(false));
  const blobLimits = options.blobLimits ?? { bytes: 2 ** 50, blobs: 100_000 };
  const reservations = new Reservations({ database, accounts, blobs, clock, limits: blobLimits });
  bindBlobs(api, {
    blobs,
    access: new BlobAccess({ accounts, mayRead }),
    desk: new UploadDesk({ blobs, reservations, clock }),
  });

  /** Sends a request; `body` as JSON unless it is bytes. */
  const send = async (
    method: string,
    path: string,
    init: { token?: string; body?: unknown; key?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (init.token !== undefined) headers.set("authorization", `Bearer ${init.token}`);
    if (init.key !== undefined) headers.set("idempotency-key", init.key);
    const raw = init.body instanceof Uint8Array || typeof init.body === "string";
    if (init.body !== undefined && !raw && !headers.has("content-type"))
      headers.set("content-type", "application/json");
    const body =
      init.body === undefined
        ? undefined
        : raw
          ? (init.body as string | Uint8Array<ArrayBuffer>)
          : JSON.stringify(init.body);
    return api.app.request(path, { method, headers, ...(body === undefined ? {} : { body }) });
  };

  /** Signs in with a wallet and returns the session's token. */
  const signInAs = async (wallet: PrivateKeyAccount): Promise<string> => {
    const nonce = (await (
      await send("POST", "/v1/auth/nonce", { body: { address: wallet.address } })
    ).json()) as SignInNonce;
    const message = siweMessage(wallet.address, nonce);
    const response = await send("POST", "/v1/auth/sessions", {
      body: { message, signature: await wallet.signMessage({ message }) },
    });
    if (response.status !== 201) throw new Error(`sign-in failed: ${await response.text()}`);
    return ((await response.json()) as { token: string }).token;
  };

  return {
    url,
    api,
    clock,
    database,
    blobs,
    sessions,
    apiKeys,
    accounts,
    signIn,
    idempotency,
    reservations,
    logged,
    observed,
    stopping,
    send,
    signInAs,
    async close() {
      await close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export interface SignInNonce {
  readonly nonce: string;
  readonly domain: string;
  readonly uri: string;
  readonly chainId: number;
  readonly issuedAt: string;
  readonly expirationTime: string;
}

/** The message that a wallet would show, written by viem's own implementation. */
export function siweMessage(address: Address, nonce: SignInNonce): string {
  return createSiweMessage({
    address,
    domain: nonce.domain,
    uri: nonce.uri,
    chainId: nonce.chainId,
    nonce: nonce.nonce,
    version: "1",
    issuedAt: new Date(nonce.issuedAt),
    expirationTime: new Date(nonce.expirationTime),
    statement: "Sign in to Corepool.",
  });
}

/** The members of a problem that tests look at. */
export interface ProblemSeen {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly requestId: string;
  readonly instance: string;
  readonly retryAfter?: number;
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly message: string }[];
}

/** The problem that a response must be. */
export async function problem(response: Response): Promise<ProblemSeen> {
  const text = await response.text();
  if (response.headers.get("content-type") !== "application/problem+json")
    throw new Error(`no problem but ${response.status} ${text}`);
  return JSON.parse(text) as ProblemSeen;
}
