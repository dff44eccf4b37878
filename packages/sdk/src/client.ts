import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";

/** The platform's fetch, injected, so that the SDK reaches the network nowhere else. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How a client proves who it is. `renew` signs in again when the token is missing or has expired. */
export interface Credentials {
  /** Bearer token: of a sign-in or an API key. */
  token: string | undefined;
  readonly renew?: ((signal: AbortSignal | undefined) => Promise<string>) | undefined;
}

/** A connection to one coordinator. A plain value: functions of the SDK take it as their first argument. */
export interface Client {
  /** Without a trailing slash. */
  readonly url: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly credentials: Credentials;
  /** How long a call goes on trying when the coordinator cannot be reached or asks to wait, milliseconds. */
  readonly patienceMs: number;
  /** How long a single try may take, milliseconds. */
  readonly tryMs: number;
}

export interface ClientOptions {
  readonly url: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly token?: string | undefined;
  readonly patienceMs?: number | undefined;
  readonly tryMs?: number | undefined;
}

/** Makes a client. Nothing is sent yet. */
export function createClient(options: ClientOptions): Client {
  return {
    url: options.url.replace(/\/+$/, ""),
    fetch: options.fetch,
    clock: options.clock,
    random: options.random,
    credentials: { token: options.token },
    patienceMs: options.patienceMs ?? 30_000,
    tryMs: options.tryMs ?? 30_000,
  };
}

/** The same client with another patience: a watch, for one, outlasts any restart of a coordinator. */
export function patient(client: Client, patienceMs: number, tryMs: number = client.tryMs): Client {
  return { ...client, credentials: client.credentials, patienceMs, tryMs };
}
