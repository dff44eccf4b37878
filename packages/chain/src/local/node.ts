import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import { httpEndpoint } from "../adapters/http-endpoint.ts";
import { portIsFree } from "../adapters/port-is-free.ts";
import type { Endpoint } from "../rpc.ts";
import { anvilBinary } from "./binary.ts";

const START_PATIENCE_MS = 30_000;
/** States that the node keeps for calls on past blocks; more would be spilt to disk in the user's home. */
const KEPT_STATES = 256;

export interface NodeOptions {
  readonly port: number;
  readonly chainId: number;
  readonly clock: Clock;
  /** Uncompressed state to begin with; a new chain without. */
  readonly statePath?: string | undefined;
  /** The one origin whose pages may talk to the node; none when left out. */
  readonly allowOrigin?: string | undefined;
}

/** One running node. */
export interface LocalNode {
  readonly pid: number;
  readonly endpoint: Endpoint;
  /** Resolves with a description when the process has ended, for whatever reason. */
  readonly ended: Promise<string>;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/**
 * Starts anvil on the loopback interface: every transaction is mined at once, there are no unlocked accounts and no
 * cross-origin access but from `allowOrigin`. The process dies with this one, also when this one is killed (Linux: parent-death signal).
 * Rejects with `port-in-use` or `setup-failed`.
 */
export async function startNode(options: NodeOptions): Promise<LocalNode> {
  const { port, chainId, clock } = options;
  if (!(await portIsFree(port))) throw portInUse(port);
  const flags = [
    ...["--host", "127.0.0.1", "--port", String(port), "--chain-id", String(chainId)],
    ...["--hardfork", "prague", "--accounts", "0", "--no-request-size-limit", "--quiet"],
    ...(options.allowOrigin === undefined ? ["--no-cors"] : ["--allow-origin", options.allowOrigin]),
    ...["--prune-history", String(KEPT_STATES)],
    ...(options.statePath === undefined ? [] : ["--load-state", options.statePath]),
  ];
  const [program, args] = mortal(anvilBinary(), flags);
  // Its own session: a Ctrl-C in the terminal reaches the supervisor, which saves the chain before it stops the node.
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env.PATH, HOME: "/nonexistent", NO_COLOR: "1" },
  });
  const onExit = () => child.kill("SIGKILL");
  process.once("exit", onExit);
  const said = tail(child);
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) =>
      resolve(signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`),
    );
  }).finally(() => process.off("exit", onExit));
  const endpoint = httpEndpoint(`http://127.0.0.1:${port}`, 30_000);

  const deadline = clock.monotonic() + START_PATIENCE_MS;
  let dead: string | undefined;
  void ended.then((how) => {
    dead = how;
  });
  for (;;) {
    const found = await endpoint.request("eth_chainId", []).catch(() => undefined);
    if (dead !== undefined)
      throw /in use/i.test(said()) ? portInUse(port) : failed(`${dead}. It said: ${said() || "nothing"}`);
    if (found !== undefined && child.pid !== undefined)
      return { pid: child.pid, endpoint, ended, kill: (signal) => child.kill(signal) };
    if (clock.monotonic() > deadline) {
      child.kill("SIGKILL");
      throw failed(`it gave no answer within ${START_PATIENCE_MS / 1000} seconds`);
    }
    await clock.sleep(10);
  }
}

/** The head of a node. `transactions`: how many are in it. */
export async function headOf(endpoint: Endpoint, tag: Hex | "latest" = "latest") {
  const block = (await endpoint.request("eth_getBlockByNumber", [tag, false])) as {
    number: Hex;
    hash: Hex;
    parentHash: Hex;
    timestamp: Hex;
    transactions: readonly Hex[];
  };
  return {
    number: BigInt(block.number),
    hash: block.hash,
    parentHash: block.parentHash,
    timestamp: BigInt(block.timestamp),
    transactions: block.transactions.length,
  };
}

/** Lets the child die with its parent where the system can: util-linux's setpriv sets the signal and then becomes the program. */
function mortal(program: string, args: readonly string[]): readonly [string, string[]] {
  const setpriv = "/usr/bin/setpriv";
  if (process.platform !== "linux" || !existsSync(setpriv)) return [program, [...args]];
  return [setpriv, ["--pdeathsig", "KILL", program, ...args]];
}

function tail(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(-2_000);
  });
  return () => text.trim();
}

const portInUse = (port: number) =>
  new CorepoolError("port-in-use", {
    detail: `The local chain cannot listen on 127.0.0.1:${port}: something else does.`,
    next: "Stop it, or choose another port.",
    data: { port },
  });

const failed = (why: string) =>
  new CorepoolError("setup-failed", {
    detail: `The local chain did not start: ${why}.`,
    next: "Read what it said; corepool doctor checks this machine.",
  });
