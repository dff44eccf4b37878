import { createConnection, createServer, type Socket } from "node:net";

/** A network between an agent and its coordinator that can be cut: packets are no longer passed on, nobody is told. */
export async function startProxy(target: number): Promise<{
  readonly port: number;
  readonly cut: () => void;
  readonly heal: () => void;
  /** Drops every connection and leads new ones to another port. */
  readonly leadTo: (port: number) => void;
  readonly close: () => Promise<void>;
}> {
  const sockets = new Set<Socket>();
  let whole = true;
  let leads = target;
  const server = createServer((from) => {
    const to = createConnection({ host: "127.0.0.1", port: leads });
    for (const [a, b] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(a);
      a.on("data", (bytes) => {
        if (whole) b.write(bytes);
      });
      a.on("error", () => undefined);
      a.on("close", () => {
        sockets.delete(a);
        if (whole) b.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    cut: () => {
      whole = false;
    },
    heal: () => {
      drop();
      whole = true;
    },
    leadTo: (port) => {
      leads = port;
      drop();
    },
    close: async () => {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
