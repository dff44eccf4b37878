/** Who waits for a name, and what he is told: whether it became his. */
interface Waiter {
  readonly owner: object;
  readonly told: (granted: boolean) => void;
}

interface Held {
  readonly owner: object;
  readonly waiters: Waiter[];
}

/** Exclusive locks by name, first come, first served. Whoever would close a circle of waits is refused. */
export class Locks {
  readonly #held = new Map<string, Held>();
  readonly #names = new Map<object, Set<string>>();
  readonly #waitsFor = new Map<object, string>();

  holder(name: string): object | undefined {
    return this.#held.get(name)?.owner;
  }

  /** Resolves with true once the name is the owner's; with false when waiting for it would never end. */
  async take(name: string, owner: object): Promise<boolean> {
    const held = this.#held.get(name);
    if (held === undefined) {
      this.#grant(name, owner, []);
      return true;
    }
    if (held.owner === owner) return true;
    if (this.#closesCircle(name, owner)) return false;
    this.#waitsFor.set(owner, name);
    return new Promise((resolve) => held.waiters.push({ owner, told: resolve }));
  }

  /** Gives back all that the owner holds, and his place in every queue. */
  release(owner: object): void {
    const waits = this.#waitsFor.get(owner);
    this.#waitsFor.delete(owner);
    if (waits !== undefined) {
      const waiters = this.#held.get(waits)?.waiters ?? [];
      const place = waiters.findIndex((waiter) => waiter.owner === owner);
      if (place >= 0) waiters.splice(place, 1);
    }
    for (const name of this.#names.get(owner) ?? []) {
      const [next, ...rest] = this.#held.get(name)?.waiters ?? [];
      this.#held.delete(name);
      if (next === undefined) continue;
      this.#waitsFor.delete(next.owner);
      this.#grant(name, next.owner, rest);
      next.told(true);
    }
    this.#names.delete(owner);
  }

  #grant(name: string, owner: object, waiters: Waiter[]): void {
    this.#held.set(name, { owner, waiters });
    const names = this.#names.get(owner) ?? new Set();
    this.#names.set(owner, names.add(name));
  }

  #closesCircle(name: string, owner: object): boolean {
    for (let at: string | undefined = name; at !== undefined; ) {
      const holder = this.#held.get(at)?.owner;
      if (holder === undefined) return false;
      if (holder === owner) return true;
      at = this.#waitsFor.get(holder);
    }
    return false;
  }
}
