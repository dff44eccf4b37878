import type { RuntimeCapabilities } from "@corepool/core/ports/runtime";

type Slot = RuntimeCapabilities["slots"][number];

/** The workspaces of this host, one sandbox each. Whoever waits for one gets it when another is wiped. */
export class SlotPool {
  readonly #slots: readonly Slot[];
  readonly #taken = new Map<string, string>();
  #freed = Promise.withResolvers<void>();

  constructor(slots: RuntimeCapabilities["slots"]) {
    // The smallest that is large enough is taken, so that large ones stay for those who need them.
    this.#slots = [...slots].sort((a, b) => (a.diskBytes ?? Infinity) - (b.diskBytes ?? Infinity));
  }

  /** Marks the slot of a sandbox that lives already. */
  adopt(slot: string, holder: string): void {
    this.#taken.set(slot, holder);
  }

  /** A free slot of at least `diskBytes`, now the holder's; undefined when there is none. */
  take(holder: string, diskBytes: number): string | undefined {
    const held = [...this.#taken].find(([, by]) => by === holder)?.[0];
    if (held !== undefined) return held;
    const free = this.#slots.find(
      ({ slot, diskBytes: has }) => !this.#taken.has(slot) && (has ?? Infinity) >= diskBytes,
    );
    if (free !== undefined) this.#taken.set(free.slot, holder);
    return free?.slot;
  }

  release(holder: string): void {
    for (const [slot, by] of this.#taken) if (by === holder) this.#taken.delete(slot);
    this.#freed.resolve();
    this.#freed = Promise.withResolvers();
  }

  /** Resolves when a slot is released. */
  get freed(): Promise<void> {
    return this.#freed.promise;
  }
}
