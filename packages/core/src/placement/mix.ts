import { Futures } from "./futures.ts";
import type { Known } from "./state.ts";

/** Numbers from 0, inclusive, to 1, exclusive, from a seed: the mulberry32 generator. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How the mix of demands is learnt. */
export interface MixSettings {
  /** Demands that are remembered: all with the same chance while the past is no longer than twice this, then recent ones more. */
  readonly remembered: number;
  /** Imagined futures, and demands in each. */
  readonly futures: number;
  readonly length: number;
  /**
   * After so many demands the futures are drawn anew for the first time; then each time there are twice as many, until
   * that is more than what is remembered twice over, and from then on after each as many.
   */
  readonly first: number;
}

export const MIX: MixSettings = { remembered: 4_096, futures: 32, length: 20, first: 64 };

/** What is asked for, learnt from what was asked; never from what is to come. */
export class Mix {
  readonly #settings: MixSettings;
  readonly #random: () => number;
  readonly #memory: Known[] = [];
  #met = 0;
  #next: number;
  #futures = new Futures([]);

  constructor(seed: number, settings: MixSettings = MIX) {
    this.#settings = settings;
    this.#random = seeded(seed);
    this.#next = settings.first;
  }

  /** By these a state's worth is measured now. */
  get futures(): Futures {
    return this.#futures;
  }

  /** Takes in one more demand that was made. */
  meet(known: Known): void {
    const { remembered, first } = this.#settings;
    this.#met++;
    if (this.#memory.length < remembered) this.#memory.push(known);
    else {
      // Reservoir sampling (Vitter's algorithm R) until the past is twice what is kept; from then on the old fades.
      const at = Math.floor(this.#random() * Math.min(this.#met, 2 * remembered));
      if (at < remembered) this.#memory[at] = known;
    }
    if (this.#met < this.#next && this.#met > 1) return;
    if (this.#met >= this.#next) this.#next += Math.max(first, Math.min(this.#next, 2 * remembered));
    this.#draw();
  }

  #draw(): void {
    const { futures, length } = this.#settings;
    const one = (): Known => this.#memory[Math.floor(this.#random() * this.#memory.length)] as Known;
    this.#futures = new Futures(Array.from({ length: futures }, () => Array.from({ length }, one)));
  }
}
