import { Agent, request } from "node:http";

/** A request exactly as it goes over the wire: headers may repeat, and nothing is added but Host and a length. */
export interface RawRequest {
  readonly method: string;
  /** Path and query, already encoded. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array | undefined;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a stream of events: only its beginning. */
  readonly body: string;
  readonly ms: number;
}

/** Keeps connections open, as real clients do. Call `end()` when done. */
export class Exchanger {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #url: URL;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** Sends a request and reads its answer. Rejects when there is none within `timeoutMs`. */
  send(raw: RawRequest, timeoutMs = 30_000): Promise<RawAnswer> {
    const { hostname, port } = this.#url;
    const length = raw.body === undefined ? [] : [["content-length", String(raw.body.length)] as const];
    const given = raw.headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
    const headers = [["host", `${hostname}:${port}`], ...(given ? [] : length), ...raw.headers].flat();
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = request({
        host: hostname,
        port,
        method: raw.method,
        path: raw.target,
        headers,
        agent: this.#agent,
        timeout: timeoutMs,
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      outgoing.on("error", reject);
      outgoing.on("response", (incoming) => {
        const seen = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
        const stream = incoming.headers["content-type"]?.startsWith("text/event-stream") === true;
        const parts: Buffer[] = [];
        const finish = () => {
          resolve({
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(seen) as Record<string, string>,
            body: Buffer.concat(parts).toString("utf8"),
            ms: performance.now() - started,
          });
          if (stream) outgoing.destroy();
        };
        incoming.on("data", (part: Buffer) => {
          parts.push(part);
          if (stream) finish();
        });
        incoming.on("end", finish);
        incoming.on("error", reject);
      });
      outgoing.end(raw.body);
    });
  }

  end(): void {
    this.#agent.destroy();
  }
}
