import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import { isFinal, LOCAL_FINALITY } from "../finality.ts";
import { quantity } from "../rpc.ts";
import { CLAIM, claim, record, release } from "./claim.ts";
import { type Genesis, withOneGenesis } from "./genesis.ts";
import { headOf, type LocalNode, startNode } from "./node.ts";
import { readState, type SavedChain, writeState } from "./state-file.ts";

const TICK_MS = 200;
const EMPTY_BLOCK_MS = 1_000;
const SAVE_MS = 600;

/** What the supervisor tells. */
export type LocalChainEvent =
  | { readonly type: "restarted"; readonly why: string; readonly atBlock: number; readonly lostBlocks: number }
  | { readonly type: "restart-failed"; readonly why: string }
  | { readonly type: "save-failed"; readonly why: string };

export interface LocalChainOptions {
  /** Folder that belongs to the chain alone; made when missing. */
  readonly dir: string;
  readonly port: number;
  readonly clock: Clock;
  readonly chainId?: number;
  readonly finality?: { readonly depth: number; readonly ageSeconds: number };
  readonly onEvent?: (event: LocalChainEvent) => void;
  /** The one origin whose pages may talk to the chain; none when left out. */
  readonly allowOrigin?: string;
}

export interface LocalChain {
  readonly rpcUrl: string;
  readonly chainId: number;
  /** The node's process now. */
  pid(): number;
  /** Saves now what has changed outside of blocks too (balances that were set). */
  save(): Promise<void>;
  /** Saves, stops the node and gives the folder free. */
  stop(): Promise<void>;
}

/**
 * Runs a local chain whose state survives: saved within a second of every change and when it stops, loaded again with
 * all blocks, transactions, receipts and logs. A node that dies is started again from the last save; whoever follows
 * the chain sees a re-org of at most the last second. An empty block is mined each second only while the newest
 * transaction is not final, so an idle chain does not grow.
 * Rejects with `already-running`, `port-in-use`, `wrong-chain` or `setup-failed`.
 */
export async function startLocalChain(options: LocalChainOptions): Promise<LocalChain> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const claimPath = join(options.dir, CLAIM);
  await claim(claimPath);
  const supervisor = new Supervisor(options, claimPath);
  try {
    await supervisor.start();
  } catch (error) {
    await release(claimPath);
    throw error;
  }
  return {
    rpcUrl: `http://127.0.0.1:${options.port}`,
    chainId: supervisor.chainId,
    pid: () => supervisor.node.pid,
    save: () => supervisor.save(),
    stop: () => supervisor.stop(),
  };
}

class Supervisor {
  readonly chainId: number;
  readonly #options: LocalChainOptions;
  readonly #claimPath: string;
  readonly #statePath: string;
  readonly #stopping = new AbortController();
  #node: LocalNode | undefined;
  #saved: SavedChain | undefined;
  #genesis: Genesis | undefined;
  #seen: { readonly number: number; readonly hash: Hex } | undefined;
  #savedAt = 0;
  #saveTookMs = 0;
  #minedAt = 0;
  #loop: Promise<void> | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: LocalChainOptions, claimPath: string) {
    this.#options = options;
    this.chainId = options.chainId ?? 31_337;
    this.#claimPath = claimPath;
    this.#statePath = join(options.dir, "chain.state");
  }

  get node(): LocalNode {
    if (this.#node === undefined)
      throw new CorepoolError("not-running", { detail: "The local chain is not running.", next: "Start it first." });
    return this.#node;
  }

  async start(): Promise<void> {
    await this.#launch();
    this.#loop = this.#run();
  }

  save(): Promise<void> {
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#save());
    return this.#saving;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    const node = this.#node;
    this.#node = undefined;
    if (node !== undefined) {
      this.#node = node;
      try {
        await this.save();
      } finally {
        this.#node = undefined;
        node.kill("SIGTERM");
        await node.ended;
        await release(this.#claimPath);
      }
    }
  }

  /** Starts the node from the last save, or a new chain when there is none. */
  async #launch(): Promise<void> {
    const found = await readState(this.#statePath, this.chainId);
    const plain = `${this.#statePath}.json`;
    if (found !== undefined) await writeFile(plain, withOneGenesis(found.state, found.saved.genesis), { mode: 0o600 });
    const { port, clock } = this.#options;
    try {
      const node = await startNode({
        port,
        clock,
        chainId: this.chainId,
        statePath: found === undefined ? undefined : plain,
        allowOrigin: this.#options.allowOrigin,
      });
      this.#node = node;
      await record(this.#claimPath, node.pid);
      if (found !== undefined) await this.#recognise(node, found.saved);
      const head = await headOf(node.endpoint);
      const { hash, timestamp } = await headOf(node.endpoint, "0x0");
      this.#genesis = { hash, timestamp: Number(timestamp) };
      this.#saved = found?.saved;
      this.#seen = { number: Number(head.number), hash: head.hash };
      if (found === undefined) await this.save();
    } catch (error) {
      this.#node?.kill("SIGKILL");
      this.#node = undefined;
      throw error;
    } finally {
      await rm(plain, { force: true });
    }
  }

  async #recognise(node: LocalNode, saved: SavedChain): Promise<void> {
    const first = (await headOf(node.endpoint, "0x0")).hash;
    if (saved.genesis !== undefined && first !== saved.genesis.hash) throw otherChain(0, first, saved.genesis.hash);
    const { hash } = await headOf(node.endpoint, quantity(saved.number));
    if (hash !== saved.hash) throw otherChain(saved.number, hash, saved.hash);
  }

  async #run(): Promise<void> {
    const { clock, onEvent } = this.#options;
    let delay = TICK_MS;
    while (!this.#stopping.signal.aborted) {
      const node = this.#node;
      const dead = node === undefined ? "it could not be started" : await Promise.race([node.ended, this.#nap(delay)]);
      if (this.#stopping.signal.aborted) return;
      if (dead !== undefined) {
        this.#node = undefined;
        try {
          await this.#restart(dead);
          delay = TICK_MS;
        } catch (error) {
          onEvent?.({ type: "restart-failed", why: error instanceof Error ? error.message : String(error) });
          delay = Math.min(delay * 2, 10_000);
          await this.#nap(delay);
        }
        continue;
      }
      try {
        await this.#tick(clock.monotonic());
      } catch (error) {
        // A node that just died answers nothing; the next turn of the loop starts it again.
        if (this.#node !== undefined && (await Promise.race([this.#node.ended, this.#nap(50)])) === undefined) {
          onEvent?.({ type: "save-failed", why: error instanceof Error ? error.message : String(error) });
        }
      }
    }
  }

  async #nap(ms: number): Promise<undefined> {
    await this.#options.clock.sleep(ms, this.#stopping.signal).catch(() => undefined);
    return undefined;
  }

  async #restart(why: string): Promise<void> {
    const before = this.#seen?.number ?? 0;
    await this.#launch();
    const atBlock = this.#seen?.number ?? 0;
    this.#options.onEvent?.({ type: "restarted", why, atBlock, lostBlocks: Math.max(0, before - atBlock) });
  }

  async #tick(now: number): Promise<void> {
    const { endpoint } = this.node;
    const head = await headOf(endpoint);
    if (head.hash !== this.#seen?.hash) {
      this.#seen = { number: Number(head.number), hash: head.hash };
      this.#minedAt = now;
    }
    if (now - this.#minedAt >= EMPTY_BLOCK_MS && (await this.#hasUnfinal(head))) {
      await endpoint.request("evm_mine", []);
      this.#minedAt = now;
    }
    // A large chain takes longer to dump: then it is saved less often, so that dumping never takes most of the time.
    if (this.#seen.hash !== this.#saved?.hash && now - this.#savedAt >= Math.max(SAVE_MS, this.#saveTookMs * 4))
      await this.save();
  }

  /** Whether some transaction is not final yet. Only non-final blocks are looked at, newest first. */
  async #hasUnfinal(head: Awaited<ReturnType<typeof headOf>>): Promise<boolean> {
    const policy = this.#options.finality ?? LOCAL_FINALITY;
    for (let block = head; !isFinal(block, head, policy); ) {
      if (block.transactions > 0) return true;
      if (block.number === 0n) return false;
      block = await headOf(this.node.endpoint, quantity(block.number - 1n));
    }
    return false;
  }

  async #save(): Promise<void> {
    const { clock } = this.#options;
    const { endpoint } = this.node;
    const started = clock.monotonic();
    // Blocks may come while the node dumps: the state is of this head or a later one.
    const head = await headOf(endpoint);
    const dump = await endpoint.request("anvil_dumpState", []);
    if (typeof dump !== "string") throw new TypeError("the node gave no state");
    const saved = { chainId: this.chainId, number: Number(head.number), hash: head.hash, genesis: this.#genesis };
    await writeState(this.#statePath, saved, Buffer.from(dump.slice(2), "hex"));
    this.#saved = saved;
    this.#savedAt = clock.monotonic();
    this.#saveTookMs = this.#savedAt - started;
  }
}

const otherChain = (number: number, found: Hex, saved: Hex) =>
  new CorepoolError("setup-failed", {
    detail: `The node loaded another chain than was saved: block ${number} is ${found}, not ${saved}.`,
    next: "Begin a new local market with corepool reset (this deletes the old one).",
  });
