import { CorepoolError } from "@corepool/core/errors";
import type { Connection, Transport } from "@corepool/core/ports/transport";
import { never, type SimProcess } from "../world/process.ts";
import type { Network } from "./network.ts";

/** Whoever takes the agents' connections, if he is there. */
export interface WireServer {
  readonly process: SimProcess;
  serve(connection: Connection): void;
}

const HANDSHAKE_MS = 10_000;
/** What was sent later comes later. */
const BEHIND_MS = 0.001;
/** The beginning of a connection is not repeated: the wire has no rule for that. */
const ONCE = /"type":"(challenge|hello|welcome)"/;

/** One end of a connection. */
class End implements Connection {
  readonly process: SimProcess;
  readonly host: string;
  readonly #network: Network;
  readonly #queue: string[] = [];
  #peer: End | undefined;
  #wake: (() => void) | undefined;
  #over = false;
  /** When the newest message on its way arrives: none overtakes another. */
  #free = 0;

  constructor(network: Network, process: SimProcess, host: string) {
    this.#network = network;
    this.process = process;
    this.host = host;
  }

  join(peer: End): void {
    this.#peer = peer;
    // A process that dies leaves its system to say so, if the way is open; one that stands still says nothing.
    this.process.onKill(() => this.#tellEnd());
    this.process.onPause(() => peer.process.after(this.#network.patience(), "misses an answer", () => peer.#end()));
  }

  async send(message: string): Promise<void> {
    const peer = this.#peer;
    if (this.#over || peer === undefined) return;
    const { io } = this.#network;
    const fault = io.next(this.process, "wire send", true);
    if (fault === "dies") {
      io.kill(this.process);
      return never();
    }
    if (this.#network.loses(this.host, peer.host) || fault === "fails") return this.#break();
    if (this.#network.random.chance(this.#network.weather.stall))
      this.#free = this.#network.executor.now + this.#network.patience();
    const twice = !ONCE.test(message) && this.#network.random.chance(this.#network.weather.duplicate);
    for (let i = 0; i < (twice ? 2 : 1); i++)
      this.#carry(`to ${peer.host} ${message.length}`, () => peer.#take(message));
    if (fault === "answer-lost") this.#carry("the connection breaks", () => this.#break());
    if (fault !== "dies-after") return;
    io.kill(this.process);
    return never();
  }

  get messages(): AsyncIterable<string> {
    const next = () => this.#next();
    return {
      [Symbol.asyncIterator]: () => ({
        next,
        return: async () => ({ done: true, value: undefined }),
      }),
    };
  }

  close(): void {
    if (this.#over) return;
    this.#end();
    this.#tellEnd();
  }

  /** The connection is broken on the way: each end notices in its own time, and nothing comes through any more. */
  #break(): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    this.#peer = undefined;
    peer.#peer = undefined;
    for (const end of [this, peer]) end.process.after(this.#network.patience(), "misses its peer", () => end.#end());
  }

  #tellEnd(): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    if (this.#network.loses(this.host, peer.host)) this.#break();
    else this.#carry("hang-up", () => peer.#end());
  }

  #carry(label: string, work: () => void): void {
    const { executor } = this.#network;
    this.#free = Math.max(this.#free + BEHIND_MS, executor.now + this.#network.delay());
    const peer = this.#peer;
    executor.after(this.#free - executor.now, label, () => {
      if (peer !== undefined && this.#peer === peer) work();
    });
  }

  #take(message: string): void {
    if (this.#over || !this.process.alive) return;
    this.#network.executor.observe(message);
    this.#queue.push(message);
    this.process.enter(() => this.#wake?.());
  }

  #end(): void {
    this.#over = true;
    this.process.enter(() => this.#wake?.());
  }

  async #next(): Promise<IteratorResult<string>> {
    for (;;) {
      const value = this.#queue.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#over) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}

/** The agent's way to its coordinator. */
export function simTransport(
  network: Network,
  agent: SimProcess,
  hosts: { readonly from: string; readonly to: string },
  server: () => WireServer | undefined,
): Transport {
  const { from, to } = hosts;
  return {
    async dial(_url, signal) {
      const refuse = async (ms: number, why: string): Promise<never> => {
        await agent.wait(ms, "cannot connect");
        signal.throwIfAborted();
        throw new CorepoolError("coordinator-unreachable", { detail: `The coordinator did not answer: ${why}.` });
      };
      const { io } = network;
      const fault = io.next(agent, "wire dial", true);
      if (fault === "dies") {
        io.kill(agent);
        return never();
      }
      if (network.loses(from, to) || network.loses(to, from) || fault === "fails")
        return refuse(HANDSHAKE_MS, "no answer");
      await agent.wait(2 * network.delay(), "connects");
      const serving = server();
      if (serving === undefined) return refuse(0, "connection refused");
      const mine = new End(network, agent, from);
      const theirs = new End(network, serving.process, to);
      mine.join(theirs);
      theirs.join(mine);
      serving.serve(theirs);
      if (fault === "dies-after") {
        io.kill(agent);
        return never();
      }
      if (fault === "answer-lost") {
        mine.close();
        return refuse(HANDSHAKE_MS, "the handshake was not answered");
      }
      return mine;
    },
  };
}
