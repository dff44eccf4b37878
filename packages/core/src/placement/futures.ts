import { serves, WHOLE } from "./demand.ts";
import type { Kind, Known, State } from "./state.ts";

/** One kind's part of the futures: what can be served by such a machine at all, in order, end to end. */
interface Part {
  /** Where each future ends. */
  readonly ends: Int32Array;
  readonly cpu: Float64Array;
  readonly memory: Float64Array;
  readonly disk: Float64Array;
  readonly gpus: Int32Array;
  readonly milli: Int32Array;
  /** For each demand and position, whether its device may serve it. */
  readonly able: Uint8Array;
}

/**
 * A few imagined futures, each a sequence of demands drawn from those that came before. What a machine's free resources
 * are worth is what would be served from them, in thousandths of devices, if such a sequence came to it alone, each
 * demand taking the least free device that serves it; the mean over all futures. A state that strands devices without
 * CPUs, or leaves shares that nobody asks for, is worth less than what is free in it.
 *
 * The loss of that worth is what a placement costs everybody else: a one-step rollout, in the sense of Bertsekas,
 * "Rollout, Policy Iteration, and Distributed Reinforcement Learning" (2020), with machines taken one by one. Fragmentation
 * gradient descent (Weng et al., USENIX ATC 2023) scores by the same loss for one more demand in the place of a sequence.
 */
export class Futures {
  readonly #futures: readonly (readonly Known[])[];
  readonly #parts = new WeakMap<Kind, Part>();
  #free = new Int32Array(64);

  constructor(futures: readonly (readonly Known[])[]) {
    this.#futures = futures;
  }

  /** Thousandths of devices that the state would serve, on average. */
  worthOf(state: State): number {
    const { worth } = state;
    if (worth.by !== this) {
      worth.milli =
        this.#futures.length === 0 ? 0 : this.#serve(state, this.#partOf(state.kind)) / this.#futures.length;
      worth.by = this;
    }
    return worth.milli;
  }

  #partOf(kind: Kind): Part {
    let part = this.#parts.get(kind);
    if (part === undefined) {
      part = partOf(kind, this.#futures);
      this.#parts.set(kind, part);
    }
    return part;
  }

  #serve(state: State, part: Part): number {
    const { ends, cpu, memory, disk, gpus, milli, able } = part;
    const devices = state.free.length;
    if (this.#free.length < devices) this.#free = new Int32Array(devices);
    const free = this.#free;
    let served = 0;
    let next = 0;
    for (let future = 0; future < ends.length; future++) {
      const end = ends[future] as number;
      let cpuLeft = state.cpu;
      let memoryLeft = state.memory;
      let diskLeft = state.disk;
      let left = state.milli;
      for (let at = 0; at < devices; at++) free[at] = state.free[at] as number;
      for (let i = next; i < end && left > 0; i++) {
        const cpuOf = cpu[i] as number;
        if (cpuOf > cpuLeft) continue;
        const memoryOf = memory[i] as number;
        const diskOf = disk[i] as number;
        if (memoryOf > memoryLeft || diskOf > diskLeft) continue;
        const count = gpus[i] as number;
        const share = milli[i] as number;
        const row = i * devices;
        if (count === 1) {
          let best = -1;
          let least = WHOLE + 1;
          for (let at = 0; at < devices; at++) {
            const here = free[at] as number;
            if (here >= share && here < least && able[row + at] === 1) {
              least = here;
              best = at;
            }
          }
          if (best < 0) continue;
          free[best] = least - share;
        } else if (count > 1) {
          let wholes = 0;
          for (let at = 0; at < devices; at++) if (free[at] === WHOLE && able[row + at] === 1) wholes++;
          if (wholes < count) continue;
          let taken = 0;
          for (let at = 0; at < devices && taken < count; at++) {
            if (free[at] !== WHOLE || able[row + at] !== 1) continue;
            free[at] = 0;
            taken++;
          }
        }
        cpuLeft -= cpuOf;
        memoryLeft -= memoryOf;
        diskLeft -= diskOf;
        left -= count * share;
        served += count * share;
      }
      next = end;
    }
    return served;
  }
}

function partOf(kind: Kind, futures: readonly (readonly Known[])[]): Part {
  const { devices } = kind;
  const ableOf = new Map<Known, readonly (0 | 1)[]>();
  const able = (known: Known): readonly (0 | 1)[] => {
    let of = ableOf.get(known);
    if (of === undefined) {
      of = devices.map((device) => (serves(device, known.demand) ? 1 : 0));
      ableOf.set(known, of);
    }
    return of;
  };
  const fits = (known: Known): boolean => {
    const { cpuMilli, memoryMib, diskMib, gpus } = known.demand;
    if (cpuMilli > kind.cpu || memoryMib > kind.memory || diskMib > kind.disk) return false;
    return able(known).filter((one) => one === 1).length >= gpus;
  };
  const kept = futures.map((future) => future.filter(fits));
  const all = kept.flat();
  let end = 0;
  return {
    ends: Int32Array.from(kept, (future) => (end += future.length)),
    cpu: Float64Array.from(all, ({ demand }) => demand.cpuMilli),
    memory: Float64Array.from(all, ({ demand }) => demand.memoryMib),
    disk: Float64Array.from(all, ({ demand }) => demand.diskMib),
    gpus: Int32Array.from(all, ({ demand }) => demand.gpus),
    milli: Int32Array.from(all, ({ demand }) => demand.gpuMilli),
    able: Uint8Array.from(all.flatMap((known) => able(known))),
  };
}
