import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Address, Hex } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { httpEndpoint } from "../adapters/http-endpoint.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { Endpoints } from "../endpoints.ts";
import { LOCAL_FINALITY } from "../finality.ts";
import { type LocalChain, type LocalChainEvent, startLocalChain } from "../local/chain.ts";
import { createReader } from "../reader.ts";
import { type Endpoint, quantity } from "../rpc.ts";

/** A fresh local chain for one test file, on a free port and in its own folder. */
export interface TempChain {
  readonly chain: LocalChain;
  readonly dir: string;
  readonly port: number;
  readonly endpoint: Endpoint;
  readonly endpoints: Endpoints;
  readonly reader: ChainReader;
  readonly events: LocalChainEvent[];
  /** A new key with an ether to pay for gas. */
  account(): Promise<{ readonly key: Hex; readonly address: Address }>;
  /** Kills the node and lets it come back with an older state, as read from `stateFile` before. */
  comeBackOlder(state: Buffer): Promise<void>;
  readonly stateFile: string;
  end(): Promise<void>;
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

/** Starts one; call `end()` when done. `finality`: shorter than the product's, where a test waits for it. */
export async function tempChain(
  finality: { readonly depth: number; readonly ageSeconds: number } = LOCAL_FINALITY,
): Promise<TempChain> {
  const dir = await mkdtemp(join(tmpdir(), "corepool-chain-"));
  const port = await freePort();
  const stateFile = join(dir, "chain.state");
  const events: LocalChainEvent[] = [];
  const chain = await startLocalChain({
    dir,
    port,
    clock: systemClock,
    finality,
    onEvent: (event) => events.push(event),
  });
  const endpoint = httpEndpoint(chain.rpcUrl);
  const endpoints = new Endpoints(chain.chainId, [endpoint], systemClock);
  const reader = createReader({ endpoints, finality, clock: systemClock, patienceMs: 500 });
  return {
    chain,
    dir,
    port,
    endpoint,
    endpoints,
    reader,
    events,
    async account() {
      const key = generatePrivateKey();
      const { address } = privateKeyToAccount(key);
      await endpoint.request("anvil_setBalance", [address, quantity(10n ** 18n)]);
      return { key, address };
    },
    stateFile,
    async comeBackOlder(state) {
      // With everything saved the supervisor writes no more; one turn of the event loop for the rest, so that it
      // cannot start the node in between.
      await chain.save();
      process.kill(chain.pid(), "SIGKILL");
      writeFileSync(stateFile, state);
    },
    async end() {
      await chain.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
