import { hashOf, type SeededRandom } from "./random.ts";

/** Something that will happen at a moment of virtual time. */
export interface Scheduled {
  cancel(): void;
}

interface Entry {
  readonly at: number;
  readonly priority: number;
  readonly seq: number;
  readonly label: string;
  work: (() => void) | undefined;
}

const before = (a: Entry, b: Entry): boolean =>
  a.at !== b.at ? a.at < b.at : a.priority !== b.priority ? a.priority < b.priority : a.seq < b.seq;

/** Lets everything run that waits for nothing but its turn: promises settle in V8's own order, which is always the same. */
const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Virtual time. Events run one at a time in the order of (time, a priority drawn from the seed, order of asking); between
 * two of them all promises settle. Nothing here waits for the machine, so an hour takes as long as its events take.
 */
export class Executor {
  readonly #heap: Entry[] = [];
  readonly #random: SeededRandom;
  #now = 0;
  #seq = 0;
  #hash = 0x811c9dc5;
  #ran = 0;
  #stopped = false;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now;
  }

  /** Events that have run. */
  get events(): number {
    return this.#ran;
  }

  /** What has happened so far, as a number: two runs that differ anywhere differ here. */
  get hash(): number {
    return this.#hash;
  }

  /** Mixes an observation into the hash. */
  observe(text: string): void {
    this.#hash = hashOf(text, this.#hash);
  }

  /** Runs `work` after `ms` milliseconds. The label is part of the hash. */
  after(ms: number, label: string, work: () => void): Scheduled {
    const entry: Entry = {
      at: this.#now + Math.max(0, ms),
      priority: this.#random.between(0, 2 ** 30),
      seq: this.#seq++,
      label,
      work,
    };
    this.#push(entry);
    return {
      cancel: () => {
        entry.work = undefined;
      },
    };
  }

  /** Resolves after `ms` milliseconds of virtual time: for the world itself, not for what lives in it. */
  wait(ms: number, label: string): Promise<void> {
    return new Promise((resolve) => this.after(ms, label, resolve));
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Runs events until `until` (ms), until `stop`, or until none is left. `each` is called after every event. */
  async run(until: number, each: () => void): Promise<void> {
    this.#stopped = false;
    await drained();
    for (;;) {
      const next = this.#heap[0];
      if (this.#stopped || next === undefined || next.at > until) return;
      this.#pop();
      if (next.work === undefined) continue;
      this.#now = next.at;
      this.#ran += 1;
      this.observe(`${next.at.toFixed(3)} ${next.label}`);
      next.work();
      await drained();
      each();
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !before(entry, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let least = heap[child];
      if (least === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, least)) {
        least = right;
        child += 1;
      }
      if (!before(least, last)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = last;
  }
}
