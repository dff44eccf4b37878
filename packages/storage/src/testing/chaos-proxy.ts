import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/** What happens to a request on its way; undefined lets it pass. */
export type Fault = "503" | "507" | "hang" | "reset-before" | "reset-mid-body" | "reset-after" | "flip" | undefined;

export interface ChaosProxy {
  readonly url: string;
  /** Decides about each request, in the order of their arrival. Default: all pass. */
  fate: (request: { readonly method: string; readonly path: string }) => Fault;
  /** Requests seen. */
  seen: number;
  close(): Promise<void>;
}

/** An HTTP proxy in front of one server that loses, delays, cuts and changes what passes. */
export async function startChaosProxy(port: number): Promise<ChaosProxy> {
  const server = createServer((from, to) => {
    proxy.seen++;
    const fault = proxy.fate({ method: from.method ?? "", path: from.url ?? "" });
    from.on("error", () => undefined);
    to.on("error", () => undefined);
    if (fault === "503" || fault === "507") {
      from.resume();
      to.writeHead(Number(fault), { "content-type": "application/xml" }).end("<Error><Code>SlowDown</Code></Error>");
    } else if (fault === "reset-before") from.socket.destroy();
    else if (fault !== "hang") forward(port, from, to, fault);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const proxy: ChaosProxy = {
    url: `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`,
    fate: () => undefined,
    seen: 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

function forward(port: number, from: IncomingMessage, to: ServerResponse, fault: Fault): void {
  const { method, url, headers } = from;
  const up = request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
    const parts: Buffer[] = [];
    answer.on("data", (part: Buffer) => parts.push(part));
    answer.on("end", () => {
      const body = Buffer.concat(parts);
      if (fault === "reset-after") return from.socket.destroy();
      const middle = Math.floor(body.length / 2);
      if (fault === "flip" && body.length > 0) body[middle] = (body[middle] ?? 0) ^ 1;
      to.writeHead(answer.statusCode ?? 500, answer.headers);
      if (fault !== "reset-mid-body") return to.end(body);
      to.write(body.subarray(0, middle), () => from.socket.destroy());
    });
  });
  up.on("error", () => to.destroy());
  from.pipe(up);
}
