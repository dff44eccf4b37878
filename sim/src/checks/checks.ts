import type { Attempt, Lease, OnChain, Workload } from "@corepool/coordinator/market/documents";
import { LEASE } from "@corepool/core/lease";
import type { MachineRecord } from "@corepool/core/ports/store";
import type { BatchRecord, ChainAccount } from "@corepool/core/ports/store-leases";
import { hasEnded, pathTo } from "@corepool/core/transitions";
import { ATTEMPT, WORKLOAD } from "@corepool/core/workload";
import { decodeMarketEvent } from "@corepool/protocol/market/events";
import type { Block } from "../chain/blocks.ts";
import type { SandboxHistory } from "../machine/sandbox.ts";
import type { Job } from "../parties/client.ts";
import type { World } from "../world/world.ts";

/** Something that must never be, and when it was. */
export interface Violation {
  readonly invariant: string;
  readonly detail: string;
  readonly atMs: number;
}

interface Message {
  readonly seq: bigint;
  readonly key: string;
}

const HOLDING: ReadonlySet<string> = new Set(["ordered", "opening", "open", "closing"]);
const MOST_MESSAGES = 10;
const MOST_OUTBOX = 32;
/** So long may a message wait for an agent that can be reached. */
const LONGEST_WAIT_MS = 60_000;
/** What rounding to milliseconds may add. */
const TICK_MS = 50;
/** How late the meter may look, and how long a workload may take to stop. */
const UNPAID_SLACK_MS = 2_000;
/** By how much the chain may be ahead of what an agent last saw of it, and how long a workload may take to stop. */
const ENDED_SLACK_SECONDS = 8;
/** How long a sandbox takes to start after its agent looked at the time. */
const START_SLACK_SECONDS = 2;

/** The world's own eyes: looks at every committed write, block and sandbox, and at the whole once all is quiet. */
export class Checks {
  readonly violations: Violation[] = [];
  readonly #world: World;
  /** Sandboxes by attempt, as the hosts have them. */
  readonly #histories = new Map<string, SandboxHistory>();
  readonly #takenBack = new Set<string>();
  /** When messages to agents were put, by number. */
  readonly #putAt = new Map<string, number>();
  /** Attempts that their agents took on. */
  readonly #acknowledged = new Set<string>();
  readonly #submissions = new Set<string>();
  /** When a probe was last sent for a lease. */
  readonly #asked = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    world.database.onWrite = (table, key, before, after) => this.#written(table, key, before, after);
  }

  violated(invariant: string, detail: string): void {
    if (this.violations.length >= 20) return;
    this.violations.push({ invariant, detail, atMs: Math.round(this.#world.executor.now) });
    this.#world.executor.stop();
  }

  #require(holds: boolean, invariant: string, detail: () => string): void {
    if (!holds) this.violated(invariant, detail());
  }

  // --- as it goes ---

  #written(table: string, key: string, before: unknown, after: unknown): void {
    if (table === "workloads") this.#workload(before as Workload | undefined, after as Workload | undefined);
    if (table === "attempts") this.#attempt(before as Attempt | undefined, after as Attempt | undefined);
    if (table === "leases") this.#lease(before as Lease | undefined, after as Lease | undefined);
    if (table === "agent_messages") this.#message(before as Message | undefined, after as Message | undefined);
    void key;
  }

  #message(before: Message | undefined, after: Message | undefined): void {
    const { database, executor } = this.#world;
    if (after !== undefined) {
      const waiting = database.table("agent_messages").size;
      this.#require(waiting < MOST_MESSAGES, "queues are bounded", () => `${waiting} messages wait for agents`);
      this.#putAt.set(String(after.seq), executor.now);
      return;
    }
    if (before === undefined) return;
    this.#putAt.delete(String(before.seq));
    // Taken away by its agent's word, not because its attempt ended: from now on the agent answers for it.
    const [kind, attempt = ""] = before.key.split(":");
    if (kind !== "assign") return;
    const { state } = database.table("attempts").get(attempt) as Attempt;
    if (state !== "ended") this.#acknowledged.add(attempt);
  }

  #workload(before: Workload | undefined, after: Workload | undefined): void {
    this.#require(after !== undefined, "what was taken stays known", () => `workload ${before?.id} was deleted`);
    if (before === undefined || after === undefined) return;
    this.#require(
      pathTo(WORKLOAD, before.state, after.state) !== undefined,
      "states move as written down",
      () => `workload ${after.id} went from ${before.state} to ${after.state}`,
    );
  }

  #attempt(before: Attempt | undefined, after: Attempt | undefined): void {
    if (before === undefined || after === undefined) return;
    this.#require(
      pathTo(ATTEMPT, before.state, after.state) !== undefined,
      "states move as written down",
      () => `attempt ${after.id} went from ${before.state} to ${after.state}`,
    );
  }

  #lease(before: Lease | undefined, after: Lease | undefined): void {
    if (after === undefined) {
      this.violated("what was taken stays known", `lease ${before?.id} was deleted`);
      return;
    }
    const same = before?.orderHash === after.orderHash;
    if (same && before !== undefined) {
      this.#require(
        pathTo(LEASE, before.state, after.state) !== undefined,
        "states move as written down",
        () => `lease ${after.id} went from ${before.state} to ${after.state}`,
      );
      this.#require(after.noteTotal >= before.noteTotal, "notes only grow", () => `lease ${after.id} forgot a note`);
      if (after.noteTotal > before.noteTotal) this.#early(after);
    }
    // A re-org may take a close back after the unit went on to another lease; that close is then sent again.
    if (before?.state === "closed" && HOLDING.has(after.state)) this.#takenBack.add(after.id);
    if (!HOLDING.has(after.state)) this.#takenBack.delete(after.id);
    if (!HOLDING.has(after.state) || this.#takenBack.has(after.id)) return;
    for (const other of this.#leases()) {
      if (other.id === after.id || other.machine !== after.machine || !HOLDING.has(other.state)) continue;
      if (this.#takenBack.has(other.id)) continue;
      const shared = other.devices.find((device) => after.devices.includes(device));
      this.#require(
        shared === undefined,
        "no device is leased twice",
        () => `${shared} is held by ${other.id} (${other.state}) and ${after.id} (${after.state})`,
      );
    }
  }

  /** A note was taken: at this very moment it may not be for more than what was reached so far, and one grace. */
  #early({ id, noteTotal, rate, graceSeconds }: Lease): void {
    const attempts = ([...this.#world.database.table("attempts").values()] as Attempt[]).filter((a) => a.lease === id);
    const histories = this.#world.machines.flatMap(({ host }) => host.histories);
    const seen = attempts.map((attempt) => histories.findLast((history) => history.id === attempt.id));
    const reached = seen.reduce((sum, history) => sum + reachedMs(history), 0);
    const most = (rate * BigInt(Math.ceil(reached + graceSeconds * 1000 + TICK_MS))) / 1000n;
    this.#require(
      noteTotal <= most,
      "no payment is released early",
      () => `${id} has a note over ${noteTotal}; it was reached for ${reached} ms, so at most ${most}`,
    );
  }

  /** When the chain lets the lease of an attempt end, seconds since the epoch; undefined while it has none. */
  #endOf(attempt: string): number | undefined {
    const { lease } = (this.#world.database.table("attempts").get(attempt) as Attempt | undefined) ?? {};
    const chain = this.#world.database.table("chain_facts").get(`lease/${lease}`) as OnChain | undefined;
    return chain?.terms.end;
  }

  /** A sandbox still runs: its lease has not ended, by the chain's clock. */
  #unexpired(host: string, attempt: string): void {
    const end = this.#endOf(attempt);
    const now = this.#world.blockTime();
    this.#require(
      end === undefined || now <= end + ENDED_SLACK_SECONDS,
      "no expired lease is honoured",
      () => `${host} serves ${attempt} at ${now}; its lease ended at ${end}`,
    );
  }

  /** A sandbox starts. Whoever can ask the chain knows what its newest block says. */
  #startsInTime(host: string, attempt: string): void {
    const { nodesAway, nodesBehind, swarm, blocks } = this.#world;
    if (nodesAway.has(host) || nodesBehind.has(host) || swarm.nodeSilent > 0) return;
    const end = this.#endOf(attempt);
    const { timestamp } = blocks.head;
    this.#require(
      end === undefined || timestamp <= end + START_SLACK_SECONDS,
      "no expired lease is honoured",
      () => `${host} starts ${attempt} at ${timestamp}; its lease ended at ${end}`,
    );
  }

  /** A sandbox is about to start on a host. */
  sandboxStarts(host: string, attempt: string): void {
    const mine = this.#world.database.table("attempts").get(attempt) as Attempt | undefined;
    if (mine === undefined) {
      this.violated("a sandbox has an attempt", `${host} starts ${attempt} unasked`);
      return;
    }
    this.#startsInTime(host, attempt);
    for (const machine of this.#world.machines) {
      for (const [id, sandbox] of machine.host.sandboxes) {
        if (sandbox.result !== undefined) continue;
        const other = this.#world.database.table("attempts").get(id) as Attempt | undefined;
        this.#require(
          other?.workload !== mine.workload,
          "a workload runs once at a time",
          () => `${mine.workload} runs as ${id} on ${machine.name} and starts as ${attempt} on ${host}`,
        );
      }
    }
  }

  /** A client asks for a workload under a key: however often it asks, it is one. */
  submitted(key: string): void {
    this.#submissions.add(key);
  }

  /** The coordinator takes what a connection says. */
  heard(machine: string, epoch: number): void {
    const now = (this.#world.database.table("machines").get(machine) as MachineRecord | undefined)?.epoch;
    this.#require(now === epoch, "an older connection is not heard", () => `epoch ${epoch} was heard in epoch ${now}`);
  }

  /** A client sends a probe for a lease. */
  asks(lease: string): void {
    this.#asked.set(lease, this.#world.executor.now);
  }

  /** A probe has come through to a sandbox: it was sent at the latest when its client last sent one. */
  probed(history: SandboxHistory): void {
    const attempt = this.#world.database.table("attempts").get(history.id) as Attempt | undefined;
    history.firstAskedAt ??= this.#asked.get(attempt?.lease ?? "") ?? this.#world.executor.now;
  }

  /** A running workload is frozen: only what ran a grace beyond its notes may be. */
  frozen(host: string, attempt: string, ranMs: number): void {
    const record = this.#world.machines.find(({ name }) => name === host)?.journal?.attempts.get(attempt);
    if (record === undefined) return;
    const { rate, grace } = record.assignment.terms;
    const covered = Number((BigInt(record.note?.total ?? "0") * 1000n) / BigInt(rate));
    this.#require(
      ranMs + TICK_MS >= covered + grace * 1000,
      "what is paid is not frozen",
      () => `${attempt} was frozen after ${Math.round(ranMs)} ms, paid for ${covered} ms and a grace of ${grace} s`,
    );
  }

  /** The client signed a note: never for more than was answered for. */
  noteSigned(job: Job, note: { readonly total: bigint; readonly provenMs: number }): void {
    const lease = job.ordered?.lease;
    if (lease === undefined) return;
    this.#require(note.total <= lease.escrow, "no note above the escrow", () => `${note.total} of ${lease.escrow}`);
  }

  /** A block was mined: the market's tokens are all accounted for. */
  block({ state, number }: Block): void {
    const held = state.wallet(this.#world.place.market);
    const owed = state.cash + state.escrow + state.fees;
    this.#require(held === owed, "held = cash + escrow + fees", () => `${held} and ${owed} in block ${number}`);
    for (const machine of this.#world.machines) {
      const waiting = machine.journal?.outbox.size ?? 0;
      this.#require(waiting < MOST_OUTBOX, "queues are bounded", () => `${waiting} messages wait in ${machine.name}`);
      for (const [attempt, sandbox] of machine.host.sandboxes) {
        if (sandbox.result === undefined && !sandbox.frozen) this.#unexpired(machine.name, attempt);
      }
    }
  }

  // --- what was paid ---

  #leases(): readonly Lease[] {
    return [...this.#world.database.table("leases").values()] as Lease[];
  }

  #facts<T>(kind: string): [string, T][] {
    const facts = this.#world.database.table("chain_facts");
    return [...facts].flatMap(([key, value]) => (key.startsWith(kind) ? [[key.slice(kind.length), value as T]] : []));
  }

  /**
   * No lease paid more than what probes prove and one grace: looks at the chain's events and at the times at which
   * sandboxes were really reached, not at what anybody says of them.
   */
  paid(): void {
    for (const machine of this.#world.machines) {
      for (const history of machine.host.histories) this.#histories.set(history.id, history);
    }
    const attempts = [...this.#world.database.table("attempts").values()] as Attempt[];
    const closed = new Map<string, number>();
    const opened = new Map<string, { readonly rate: bigint; readonly grace: number }>();
    for (const log of this.#world.blocks.branch.flatMap((block) => block.logs)) {
      const event = decodeMarketEvent(log);
      if (event?.name === "LeaseOpened") {
        opened.set(event.args.lease, { rate: BigInt(event.args.terms.rate), grace: event.args.terms.grace });
      }
      if (event?.name !== "LeaseClosed") continue;
      const { lease, paid } = event.args;
      closed.set(lease, (closed.get(lease) ?? 0) + 1);
      this.#require(closed.get(lease) === 1, "a lease is settled once", () => `${lease} closed twice`);
      const terms = opened.get(lease);
      if (terms === undefined) continue;
      const seen = attempts.filter((a) => a.lease === lease).map((a) => this.#histories.get(a.id));
      const reached = seen.reduce((sum, history) => sum + reachedMs(history), 0);
      for (const [i, attempt] of attempts.filter((a) => a.lease === lease).entries()) {
        this.#unpaid(attempt, seen[i], paid, terms.rate, terms.grace);
      }
      const most = (terms.rate * BigInt(Math.ceil(reached + terms.grace * 1000 + TICK_MS))) / 1000n;
      this.#require(
        paid <= most,
        "what could not be reached is not paid",
        () => `${lease} was paid ${paid}; it was reached for ${reached} ms, so at most ${most}`,
      );
    }
  }

  /** No agent that lived throughout served more than one grace beyond what its client has signed for. */
  #unpaid(attempt: Attempt, history: SandboxHistory | undefined, paid: bigint, rate: bigint, grace: number): void {
    const machine = this.#world.machines.find(({ id }) => id === attempt.machine);
    if (history === undefined || machine === undefined || machine.deaths > 0) return;
    const covered = Number((paid * 1000n) / rate);
    const most = covered + grace * 1000 + UNPAID_SLACK_MS;
    this.#require(
      history.ranMs <= most,
      "what is not paid is not served",
      () => `${attempt.id} ran ${Math.round(history.ranMs)} ms, paid for ${covered} ms`,
    );
  }

  // --- once all is quiet ---

  /** Why the world is not done yet; empty when it is. */
  unfinished(): readonly string[] {
    const { database, machines, clients } = this.#world;
    const left: string[] = [];
    for (const client of clients) {
      for (const job of client.jobs) if (job.ended === undefined) left.push(`${client.name} waits for a job`);
    }
    const known = new Set(clients.flatMap((client) => client.jobs.flatMap((job) => job.known)));
    for (const workload of database.table("workloads").values() as IterableIterator<Workload>) {
      // Placed, but its client never learned of it: ended as abandoned within the hour.
      const orphan = workload.state === "pending" && (!known.has(workload.id) || this.#replaced(workload));
      if (!hasEnded(WORKLOAD, workload.state) && !orphan) left.push(`workload ${workload.id} is ${workload.state}`);
    }
    for (const [seq, at] of this.#putAt) {
      const waits = Math.round(this.#world.executor.now - Math.max(at, this.#world.swarm.stormMs));
      this.#require(waits < LONGEST_WAIT_MS, "what waits for an agent reaches it", () => `message ${seq}: ${waits} ms`);
    }
    for (const lease of this.#leases()) {
      if (HOLDING.has(lease.state)) left.push(`lease ${lease.id} is ${lease.state}`);
    }
    for (const batch of database.table("lease_batches").values() as IterableIterator<BatchRecord>) {
      if (!batch.finished) left.push(`batch ${batch.intent} is unfinished`);
    }
    for (const message of database.table("agent_messages").values() as IterableIterator<{ key: string }>) {
      left.push(`the message ${message.key} was not taken`);
    }
    for (const machine of machines) {
      for (const [id, { state }] of machine.journal?.attempts ?? [])
        left.push(`${machine.name} keeps ${id} (${state})`);
      for (const id of machine.host.sandboxes.keys()) left.push(`${machine.name} has the sandbox ${id}`);
      const outbox = machine.journal?.outbox.size ?? 0;
      if (outbox > 0) left.push(`${machine.name} has ${outbox} messages unacknowledged`);
    }
    return left;
  }

  /** Whether the client gave a workload up for another one. */
  #replaced(workload: Workload): boolean {
    const job = this.#world.clients.flatMap((c) => c.jobs).find((j) => j.known.includes(workload.id));
    return job?.known.at(-1) !== workload.id || job.ended !== undefined;
  }

  /** The coordinator's books and the chain's are the same. */
  books(): void {
    const { blocks, place, clients } = this.#world;
    const { state } = blocks.head;
    const projected = new Map(this.#facts<ChainAccount>("account/"));
    for (const [account, { cash }] of state.accounts()) {
      const row = projected.get(`${place.gp}:${account}`);
      this.#require(
        (row?.cash ?? 0n) === cash,
        "the coordinator's books are the chain's",
        () => `${account} has ${cash} on chain and ${row?.cash ?? 0n} in the books`,
      );
    }
    for (const [id, lease] of this.#facts<OnChain>("lease/")) {
      if (lease.live) continue;
      this.#require(
        lease.paid + (lease.refund ?? 0n) === lease.escrow,
        "paid + refund = escrow",
        () => `${id}: ${lease.paid} + ${lease.refund} of ${lease.escrow}`,
      );
    }
    const { database } = this.#world;
    for (const id of this.#acknowledged) {
      const { state } = database.table("attempts").get(id) as Attempt;
      this.#require(state === "ended", "what an agent took on it brings to its end", () => `${id} is ${state}`);
    }
    const made = database.table("workloads").size;
    const asked = this.#submissions.size;
    this.#require(made <= asked, "a call is done once", () => `${made} workloads came of ${asked} submissions`);
    for (const job of clients.flatMap((client) => client.jobs)) {
      for (const id of job.known) {
        const there = this.#world.database.table("workloads").has(id);
        this.#require(there, "what was taken stays known", () => `${id} was answered to its client and is unknown`);
      }
    }
  }
}

const reachedMs = (history: SandboxHistory | undefined): number =>
  history?.firstAskedAt === undefined ? 0 : (history.lastProbeAt ?? 0) - history.firstAskedAt;
