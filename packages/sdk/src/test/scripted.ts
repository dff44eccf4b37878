import type { Clock } from "@corepool/core/ports/clock";
import { type Client, createClient, type Fetch } from "../client.ts";

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string | Uint8Array | undefined;
}

const reasonOf = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new Error("aborted");

/** A clock on which waiting takes no time: `sleep` moves it. From `deadlineMs` on a sleep is a deadline that does not come. */
export function quickClock(deadlineMs = 10_000): Clock {
  let now = 1_790_000_000_000;
  return {
    now: () => now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(reasonOf(signal));
        signal?.addEventListener("abort", () => reject(reasonOf(signal)), { once: true });
        setImmediate(() => {
          if (ms >= deadlineMs) return;
          now += ms;
          resolve();
        });
      }),
  };
}

/** A client whose network is the given function; everything it sends is kept. */
export function scriptedClient(
  answer: (sent: Sent, number: number) => Response | Promise<Response>,
  clock: Clock = quickClock(),
): { readonly client: Client; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch: Fetch = async (url, init) => {
    const one = {
      method: init.method ?? "GET",
      url,
      headers: new Headers(init.headers),
      body: init.body as string | Uint8Array | undefined,
    };
    sent.push(one);
    return answer(one, sent.length);
  };
  let seed = 0;
  const random = { bytes: (count: number) => new Uint8Array(count).map(() => ++seed % 256) };
  return { client: createClient({ url: "https://market.example/", fetch, clock, random }), sent };
}

export const problem = (status: number, code: string, more: Readonly<Record<string, unknown>> = {}): Response =>
  Response.json(
    { code, detail: `it is ${code}`, requestId: "req_1", ...more },
    { status, headers: { "content-type": "application/problem+json" } },
  );
