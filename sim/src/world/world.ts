import type { Endpoint } from "@corepool/chain/rpc";
import { MemorySenderStore } from "@corepool/chain/sender/memory-store";
import { codeOf } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import { depositCalldata } from "@corepool/protocol/market/calldata";
import { Blocks, decodeRaw, encodeRaw, type Transaction } from "../chain/blocks.ts";
import { simNode } from "../chain/node.ts";
import { type MarketPlace, MarketState } from "../chain/state.ts";
import { Checks } from "../checks/checks.ts";
import { Io } from "../io/calls.ts";
import { countedEndpoint } from "../io/ports.ts";
import { SimBlobs } from "../machine/blobs.ts";
import { SimHost } from "../machine/runtime.ts";
import { Network } from "../net/network.ts";
import { createMachine, type Machine, startAgent } from "../parties/agent.ts";
import { type ClientParty, createClientParty, startClient, type Wish } from "../parties/client.ts";
import { type RunningCoordinator, startCoordinator } from "../parties/coordinator.ts";
import { partyOf } from "../parties/keys.ts";
import { SimDatabase } from "../store/database.ts";
import { SimEvents } from "../store/events.ts";
import { Executor } from "./executor.ts";
import { type Mutations, NO_MUTATION } from "./mutations.ts";
import { BEGINNING, HostTime, SimProcess } from "./process.ts";
import { SeededRandom } from "./random.ts";
import type { Swarm } from "./swarm.ts";
import { Topics } from "./topics.ts";

/** The market of every world: its addresses mean nothing. */
const PLACE: MarketPlace = {
  chainId: 31_337,
  market: `0x${"5e".repeat(20)}`,
  gp: `0x${"60".repeat(20)}`,
  feeBps: 500,
  burnBps: 5_000,
  closeWindow: 60,
  feeSink: `0x${"51".repeat(20)}`,
};
const CASH = 10n ** 24n;
const USUAL_FEE = 10n ** 9n;

/** A client's money comes in with the first block. */
const depositOf = (from: Address): Transaction =>
  decodeRaw(
    encodeRaw({ from, to: PLACE.market, nonce: 0, data: depositCalldata(PLACE.gp, CASH), maxFeePerGas: USUAL_FEE }),
  );

const RESTART_MS = 2_000;

/** What is known to go wrong here because the world made it so. */
const MADE_HERE = [
  "the connection to the database broke",
  "could not serialize access",
  "deadlock detected",
  "ENOSPC",
  "EIO",
  "Connection terminated",
];

/** Everything of one run. */
export class World {
  readonly place = PLACE;
  readonly swarm: Swarm;
  readonly mutations: Mutations;
  readonly random: SeededRandom;
  readonly io: Io;
  readonly executor: Executor;
  readonly network: Network;
  readonly database = new SimDatabase();
  readonly events = new SimEvents();
  readonly senderStore = new MemorySenderStore();
  readonly blobs = new SimBlobs();
  readonly topics = new Topics();
  readonly blocks: Blocks;
  readonly checks: Checks;
  readonly machines: readonly Machine[];
  readonly clients: readonly ClientParty[];
  readonly finality: { readonly depth: number; readonly ageSeconds: number };
  readonly faults: { wakeDelay(): number };
  /** What was told on the way, newest last; for the one who looks for a defect. */
  readonly notes: string[] = [];
  /** Calls that had been made when all was done. */
  callsUntilDone = 0;
  /** What struck, and when. */
  readonly struck: string[] = [];
  coordinator: RunningCoordinator | undefined;
  coordinatorTime = new HostTime();
  chainTime = new HostTime();
  baseFee = USUAL_FEE;
  /** Processes whose nodes are away, or behind by so many blocks. */
  readonly nodesAway = new Set<string>();
  readonly nodesBehind = new Map<string, number>();
  /** Transactions that no block takes for now. */
  stuck: (hash: string) => boolean = () => false;
  calm: boolean;
  /** What was once so deep never goes. */
  #final = 0;
  #processes = 0;
  #starting = 0;

  constructor(seed: number, swarm: Swarm, mutations: Mutations = NO_MUTATION, io = new Io()) {
    this.swarm = swarm;
    this.io = io;
    this.mutations = mutations;
    this.random = new SeededRandom(seed, "world");
    this.executor = new Executor(this.random.fork("executor"));
    this.network = new Network(this.executor, this.random.fork("network"));
    this.network.io = io;
    this.database.io = io;
    io.kill = (process) => this.#killed(process);
    this.finality = { depth: swarm.finalityDepth, ageSeconds: 5 };
    this.calm = swarm.strikes === 0 && swarm.loss === 0;
    const state = new MarketState();
    const clients = Array.from({ length: swarm.clients }, (_, i) => `client-${i}`);
    for (const name of clients) state.setWallet(partyOf(name).address, CASH);
    this.blocks = new Blocks(PLACE, state, Math.floor(BEGINNING / 1000) - 30);
    for (const name of clients) this.blocks.add(depositOf(partyOf(name).address));
    this.checks = new Checks(this);
    const wakes = this.random.fork("wakes");
    this.faults = { wakeDelay: () => wakes.unit() * 3 };
    this.machines = Array.from({ length: swarm.machines }, (_, i) => createMachine(this, i));
    this.clients = clients.map((_, i) => createClientParty(this, i));
    this.weather(swarm);
  }

  weather(
    swarm: Pick<Swarm, "delayMs" | "loss" | "duplicate" | "stall" | "syncMs" | "diskFull" | "startMs" | "noStart">,
  ): void {
    const { delayMs, loss, duplicate, stall, syncMs, diskFull, startMs, noStart } = swarm;
    this.network.weather = { delayMs, loss, duplicate, stall };
    for (const machine of this.machines) {
      machine.disk.weather = { syncMs, full: diskFull };
      machine.host.weather = { startMs, noStart };
    }
    const random = this.random.fork("database");
    const still = loss === 0 && this.calm;
    const { conflict, lostCommit, statementMs } = this.swarm;
    this.database.weather = {
      latency: () => (statementMs > 0 && random.chance(0.3) ? random.unit() * 2 * statementMs : 0),
      fate: () => {
        if (still || this.calm) return "commits";
        if (random.chance(conflict)) return "conflict";
        return random.chance(lostCommit) ? random.pick(["lost-before", "lost-after"]) : "commits";
      },
      wake: (topic) => this.topics.tell(topic),
    };
  }

  hostFor(name: string, random: SeededRandom): SimHost {
    const host = new SimHost(this.executor, random, 3);
    host.onCreate = (spec) => this.checks.sandboxStarts(name, spec.id);
    host.onFreeze = (sandbox) => this.checks.frozen(name, sandbox.spec.id, sandbox.ranMs);
    host.onProbe = (sandbox) => this.checks.probed(sandbox.history);
    return host;
  }

  wishesOf(name: string): readonly Wish[] {
    const random = this.random.fork(`wishes of ${name}`);
    return Array.from({ length: this.swarm.jobsEach }, (): Wish => {
      const runsMs = random.between(200, 12_000);
      const short = random.chance(this.swarm.clockFaults > 0 ? 0.7 : 0.1);
      return {
        script: { runsMs, exitCode: random.chance(0.15) ? 1 : 0, outputBytes: random.pick([0, 10, 1_000]) },
        durationSeconds: short
          ? Math.max(1, Math.floor(runsMs / 2_000))
          : Math.ceil(runsMs / 1_000) + random.between(5, 25),
        stopAfterMs: random.chance(0.1) ? random.between(100, 15_000) : undefined,
      };
    });
  }

  nodesFor(process: SimProcess): readonly Endpoint[] {
    const host = process.name;
    return Array.from({ length: this.swarm.nodes }, (_, i) => {
      const random = this.random.fork(`node ${i} of ${host} ${this.#processes}`);
      const node = simNode(`node-${i}`, this.blocks, process, {
        latency: () => (this.swarm.nodeMs > 0 ? random.unit() * 2 * this.swarm.nodeMs : 0),
        unreachable: () => this.nodesAway.has(host) || (!this.calm && random.chance(this.swarm.nodeSilent)),
        lag: () => (i === 0 ? (this.nodesBehind.get(host) ?? 0) : 0),
        time: () => this.blockTime(),
        baseFee: () => this.baseFee,
      });
      return countedEndpoint(this.io, process, node);
    });
  }

  /** Seconds since the epoch, by the chain's clock. */
  blockTime(): number {
    return Math.floor((BEGINNING + this.executor.now + this.chainTime.offsetMs) / 1000);
  }

  // --- processes ---

  #spawn(name: string, time: HostTime): SimProcess {
    const number = this.#processes++;
    return new SimProcess(name, this.executor, time, this.random.fork(`${name} ${number}`));
  }

  startCoordinator(): void {
    const mine = ++this.#starting;
    const process = this.#spawn("coordinator", this.coordinatorTime);
    startCoordinator(this, process)
      .then((running) => {
        if (mine === this.#starting && process.alive) this.coordinator = running;
        else process.kill();
      })
      .catch((error: unknown) => {
        // It could not begin: its supervisor starts it again.
        this.note(process, "the coordinator ended", error);
        process.kill();
        this.executor.after(RESTART_MS, "the coordinator starts again", () => {
          if (mine === this.#starting && this.coordinator === undefined) this.startCoordinator();
        });
      });
  }

  killCoordinator(): void {
    this.#starting += 1;
    this.coordinator?.process.kill();
    this.coordinator = undefined;
  }

  startAgent(machine: Machine): void {
    const process = this.#spawn(machine.name, machine.time);
    machine.process = process;
    startAgent(this, machine, process).catch((error: unknown) => {
      // It could not open its journal: its supervisor starts it again.
      this.note(process, "the agent ended", error);
      if (machine.process === process) this.killAgent(machine);
      this.executor.after(RESTART_MS, `${machine.name} starts again`, () => {
        if (machine.process === undefined) this.startAgent(machine);
      });
    });
  }

  killAgent(machine: Machine): void {
    machine.process?.kill();
    machine.process = undefined;
    machine.deaths += 1;
    machine.disk.crash();
  }

  startClient(client: ClientParty): void {
    const process = this.#spawn(client.name, client.time);
    client.process = process;
    startClient(this, client, process);
  }

  killClient(client: ClientParty): void {
    client.process?.kill();
    client.process = undefined;
  }

  /** A process was killed in the middle of a call: its supervisor starts it again. */
  #killed(process: SimProcess): void {
    const again = (what: string, start: () => void) =>
      this.executor.after(RESTART_MS, `${what} starts again`, () => start());
    const { name } = process;
    if (name === "coordinator") {
      if (this.coordinator?.process === process) this.killCoordinator();
      else process.kill();
      again(name, () => {
        if (this.coordinator === undefined) this.startCoordinator();
      });
    }
    for (const machine of this.machines) {
      if (machine.process !== process) continue;
      this.killAgent(machine);
      again(name, () => {
        if (machine.process === undefined) this.startAgent(machine);
      });
    }
    for (const client of this.clients) {
      if (client.process !== process) continue;
      this.killClient(client);
      again(name, () => {
        if (client.process === undefined) this.startClient(client);
      });
    }
  }

  /** Everything is killed and started again. */
  restartAll(): void {
    this.killCoordinator();
    this.startCoordinator();
    for (const machine of this.machines) {
      this.killAgent(machine);
      this.startAgent(machine);
    }
    for (const client of this.clients) {
      this.killClient(client);
      this.startClient(client);
    }
  }

  /** Mines blocks at their pace for as long as the world lasts. */
  startChain(): void {
    const random = this.random.fork("blocks");
    const next = () => {
      const pace = this.swarm.blockMs * (0.9 + random.unit() * 0.2);
      this.executor.after(pace, "a block", () => {
        this.mine().catch((error: unknown) => this.defect(error));
        next();
      });
    };
    next();
  }

  async mine(): Promise<void> {
    await this.blocks.mine(
      this.blockTime(),
      ({ hash, maxFeePerGas }) => maxFeePerGas >= this.baseFee && !this.stuck(hash),
    );
    this.executor.observe(this.blocks.head.hash);
    this.#final = Math.max(this.#final, this.blocks.head.number - this.finality.depth);
    this.checks.block(this.blocks.head);
  }

  /**
   * The newest blocks go, and others come in their place; `lost` is the share of their transactions that nobody has any
   * more. Without `again` the node simply comes back as it was some blocks ago.
   */
  async reorganise(depth: number, lost: number, again: boolean): Promise<void> {
    const random = this.random.fork(`reorg ${this.executor.events}`);
    const undone = Math.min(depth, this.blocks.head.number - this.#final);
    for (const transaction of this.blocks.rewind(undone)) if (!random.chance(lost)) this.blocks.add(transaction);
    if (!again) return;
    for (let i = 0; i <= undone; i++) {
      const all = i === undone;
      await this.blocks.mine(this.blockTime() - undone + i, () => all || random.chance(0.5));
    }
    this.checks.block(this.blocks.head);
  }

  // --- what goes wrong ---

  /** Something that the product's parts told of: expected while the world is rough. */
  note(process: SimProcess, what: string, error: unknown): void {
    const text =
      error instanceof Error ? error.message : typeof error === "string" ? error : JSON.stringify(error ?? "");
    this.notes.push(`${(this.executor.now / 1000).toFixed(3)} ${process.name}: ${what}: ${text}`);
    if (this.notes.length > 2_000) this.notes.splice(0, 1_000);
    if (error instanceof Error && codeOf(error) === undefined && !this.#expected(error)) this.defect(error);
  }

  #expected(error: Error): boolean {
    const text = `${error.message} ${error.cause instanceof Error ? error.cause.message : ""}`;
    return error.name === "AbortError" || error.name === "Outdated" || MADE_HERE.some((known) => text.includes(known));
  }

  /** Something that no part may ever do. */
  defect(error: unknown): void {
    this.checks.violated("defect", error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}
