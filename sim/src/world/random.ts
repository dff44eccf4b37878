import type { Random } from "@corepool/core/ports/random";

/** FNV-1a, 32 bits: names a stream of random numbers by its label. */
export function hashOf(text: string, seed = 0x811c9dc5): number {
  let hash = seed >>> 0;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash;
}

/**
 * Random numbers from a seed (sfc32). `fork` gives an independent stream by its label, so that one part of the world may
 * draw more or fewer numbers without changing what any other part draws.
 */
export class SeededRandom implements Random {
  readonly #label: string;
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  constructor(seed: number, label = "") {
    this.#label = `${label}#${seed}`;
    this.#a = hashOf(this.#label);
    this.#b = hashOf(this.#label, this.#a ^ 0x9e3779b9);
    this.#c = hashOf(this.#label, this.#b ^ 0x85ebca6b);
    for (let i = 0; i < 12; i++) this.#next();
  }

  fork(label: string): SeededRandom {
    return new SeededRandom(0, `${this.#label}/${label}`);
  }

  /** In [0, 1). */
  unit(): number {
    return this.#next() / 2 ** 32;
  }

  /** A whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + Math.floor(this.unit() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.between(0, from.length - 1)] ?? from[0];
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = this.#next() & 255;
    return bytes;
  }

  #next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    this.#c |= 0;
    return t >>> 0;
  }
}
