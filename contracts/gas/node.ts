import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import type { Hex } from "@corepool/core/hex";

/** A throw-away anvil on a port of its own whose clock moves one second a block, so that every figure repeats. */
export interface Node {
  readonly url: string;
  rpc<T>(method: string, params: readonly unknown[]): Promise<T>;
  stop(): Promise<void>;
}

/** Time of the first block; far enough ahead that no offer of the benchmarks is out of its window. */
export const GENESIS = 1_800_000_000;

export async function startNode(): Promise<Node> {
  const port = await freePort();
  const manifest = createRequire(import.meta.url).resolve(
    `@foundry-rs/anvil-${process.platform === "win32" ? "win32" : process.platform}-${process.arch === "x64" ? "amd64" : process.arch}/package.json`,
  );
  const child = spawn(
    join(dirname(manifest), "bin", "anvil"),
    [
      "--port",
      String(port),
      "--silent",
      "--hardfork",
      "cancun",
      "--timestamp",
      String(GENESIS),
      "--base-fee",
      "0",
      "--gas-price",
      "0",
      "--gas-limit",
      "1000000000",
      "--no-request-size-limit",
      "--prune-history",
      "16",
    ],
    { stdio: "ignore" },
  );
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const url = `http://127.0.0.1:${port}`;
  let id = 0;
  const rpc = async <T>(method: string, params: readonly unknown[]): Promise<T> => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }),
    });
    const body = (await response.json()) as { result?: T; error?: { message: string; data?: Hex } };
    if (body.error !== undefined) throw new Error(`${method}: ${body.error.message} ${body.error.data ?? ""}`);
    return body.result as T;
  };
  for (let tries = 0; ; tries++) {
    try {
      await rpc("web3_clientVersion", []);
      break;
    } catch (error) {
      if (tries === 200 || child.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  await rpc("anvil_setBlockTimestampInterval", [1]);
  return {
    url,
    rpc,
    stop: () =>
      new Promise((resolve) => {
        process.off("exit", kill);
        child.once("exit", () => resolve());
        child.kill("SIGKILL");
      }),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
