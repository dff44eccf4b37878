import { Io } from "../io/calls.ts";
import type { Executor } from "../world/executor.ts";
import type { SeededRandom } from "../world/random.ts";

/** What the network does to messages; drawn once for a world. */
export interface NetworkWeather {
  /** Typical one-way delay, ms; the tail is heavy. */
  delayMs: number;
  /** Chance that a message is lost, and with it the connection it was on. */
  loss: number;
  /** Chance that a message of the agent's wire comes a second time. */
  duplicate: number;
  /** Chance that a message, and all behind it on its connection, comes seconds late. */
  stall: number;
}

const SLOWEST_MS = 5_000;

/** The network between hosts: delays, losses, and partitions that may close one direction only. */
export class Network {
  readonly executor: Executor;
  readonly random: SeededRandom;
  io = new Io();
  weather: NetworkWeather = { delayMs: 1, loss: 0, duplicate: 0, stall: 0 };
  readonly #closed = new Set<string>();

  constructor(executor: Executor, random: SeededRandom) {
    this.executor = executor;
    this.random = random;
  }

  close(from: string, to: string): void {
    this.#closed.add(`${from}>${to}`);
  }

  open(from: string, to: string): void {
    this.#closed.delete(`${from}>${to}`);
  }

  openAll(): void {
    this.#closed.clear();
  }

  isClosed(from: string, to: string): boolean {
    return this.#closed.has(`${from}>${to}`);
  }

  /** One way's delay: mostly near the typical one, now and then many times that. */
  delay(): number {
    const { delayMs } = this.weather;
    const usual = delayMs * (0.5 + this.random.unit());
    return this.random.chance(0.02) ? Math.min(SLOWEST_MS, usual / (this.random.unit() + 0.01)) : usual;
  }

  /** Whether a message between the hosts is lost now. */
  loses(from: string, to: string): boolean {
    return this.isClosed(from, to) || this.random.chance(this.weather.loss);
  }

  /** How long an end takes to notice that the other is gone without a word. */
  patience(): number {
    return this.random.between(1_000, 20_000);
  }
}
