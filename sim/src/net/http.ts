import type { Fetch } from "@corepool/sdk/client";
import { never, type SimProcess } from "../world/process.ts";
import type { Network } from "./network.ts";

/** A server that may be there. */
export interface HttpServer {
  readonly process: SimProcess;
  handle(request: Request): Promise<Response> | Response;
}

/** What was sent later comes later. */
const BEHIND_MS = 0.001;

const failed = (why: string) => new TypeError("fetch failed", { cause: new Error(why) });

/**
 * `fetch` for a client: the request and the answer cross the network. What is lost on the way leaves the client without
 * an answer until it gives up or the connection is found broken; the server may have done what was asked.
 */
export function simFetch(
  network: Network,
  client: SimProcess,
  hosts: { readonly from: string; readonly to: string },
  server: () => HttpServer | undefined,
): Fetch {
  const { from, to } = hosts;
  return (url, init) => {
    const { io } = network;
    if (!client.alive) return never();
    const fault = io.next(client, `http ${init.method}`, init.method !== "GET");
    if (fault === "dies") {
      io.kill(client);
      return never();
    }
    return new Promise((resolve, reject) => {
      const gone = new AbortController();
      const signal = init.signal ?? undefined;
      const hangUp = () => network.executor.after(network.delay(), `${from} hangs up`, () => gone.abort());
      const fail = (why: string, ms: number) => client.after(ms, "loses a connection", () => reject(failed(why)));
      if (signal?.aborted === true) return reject(signal.reason as Error);
      signal?.addEventListener(
        "abort",
        () => {
          if (client.alive) reject(signal.reason as Error);
          hangUp();
        },
        { once: true },
      );
      client.onKill(hangUp);
      if (network.loses(from, to) || fault === "fails") return fail("the connection broke", network.patience());
      network.executor.after(network.delay(), `${init.method} ${new URL(url).pathname}`, () => {
        const serving = server();
        if (serving === undefined) return fail("connection refused", network.delay());
        const { signal: _, ...rest } = init;
        const request = new Request(url, rest);
        // Undici hands signals on through weak references, so that what is heard would depend on the collector.
        Object.defineProperty(request, "signal", { value: gone.signal });
        void answer(serving, request);
      });

      const answer = async (serving: HttpServer, request: Request): Promise<void> => {
        const unwatch = serving.process.onKill(() => fail("connection reset", network.delay()));
        const response = await serving.process.guard(Promise.resolve(serving.handle(request)));
        const streaming = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
        const body = streaming ? undefined : await serving.process.guard(response.text());
        unwatch();
        if (fault === "dies-after") return io.kill(client);
        if (network.loses(to, from) || fault === "answer-lost") return fail("the connection broke", network.patience());
        const { status, headers } = response;
        network.executor.observe(`${status} ${body?.length ?? "stream"}`);
        const stream = streaming && response.body !== null ? carried(serving, response.body) : undefined;
        client.after(network.delay(), "gets an answer", () =>
          resolve(new Response(stream ?? (body === "" ? null : body), { status, headers })),
        );
      };

      /** The stream as the client reads it: chunks in order, each with its delay; a lost one breaks it. */
      const carried = (serving: HttpServer, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> => {
        const reader = body.getReader();
        let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
        let free = 0;
        let broken = false;
        const deliver = (ms: number, work: (c: ReadableStreamDefaultController<Uint8Array>) => void) => {
          free = Math.max(free + BEHIND_MS, network.executor.now + ms);
          client.after(free - network.executor.now, "hears of a stream", () => {
            if (controller !== undefined) work(controller);
          });
        };
        const finish = (ms: number, work: (c: ReadableStreamDefaultController<Uint8Array>) => void) => {
          if (broken) return;
          broken = true;
          deliver(ms, (c) => {
            controller = undefined;
            work(c);
          });
        };
        const breakOff = (ms: number) => {
          finish(ms, (c) => c.error(failed("the stream broke")));
          gone.abort();
        };
        const pump = async () => {
          while (!broken) {
            const { done, value } = await serving.process.guard(reader.read());
            if (done) return finish(network.delay(), (c) => c.close());
            const broken = io.next(client, "http stream", false);
            if (broken === "dies") return io.kill(client);
            if (network.loses(to, from) || broken !== undefined) return breakOff(network.patience());
            deliver(network.delay(), (c) => c.enqueue(value));
          }
        };
        serving.process.onKill(() => breakOff(network.delay()));
        pump().catch(() => breakOff(network.delay()));
        return new ReadableStream<Uint8Array>({
          start(given) {
            controller = given;
          },
          cancel() {
            broken = true;
            controller = undefined;
            hangUp();
          },
        });
      };
    });
  };
}
