import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A chain node behind an address with a key in its path, as hosted nodes have, that can be broken and mended. */
export interface RpcProxy {
  readonly url: string;
  broken: boolean;
  end(): void;
}

/** Opens it before the node at `target`. `key`: the secret in its path. */
export async function rpcProxy(target: string, key: string): Promise<RpcProxy> {
  const path = `/v3/${key}`;
  const server = createServer((request, response) => {
    const answer = async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      if (proxy.broken || request.url !== path) return { status: 502, text: `no such key: ${request.url}` };
      const headers = { "content-type": "application/json" };
      const inner = await fetch(target, { method: "POST", headers, body: Buffer.concat(parts) });
      return { status: inner.status, text: await inner.text() };
    };
    answer().then(
      ({ status, text }) => response.writeHead(status, { "content-type": "application/json" }).end(text),
      () => response.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: RpcProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    broken: false,
    end() {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}
