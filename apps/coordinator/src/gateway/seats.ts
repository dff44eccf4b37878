/** How many agents one process takes. */
export interface SeatLimits {
  /** Connections of agents altogether. */
  readonly connections: number;
  /** Connections of one remote address (IPv6: of its /64) that have not yet said who they are. */
  readonly waitingPerAddress: number;
  /** Machines of one remote address (IPv6: of its /64) that have, whoever's they are: new keys cost nothing. */
  readonly machinesPerAddress: number;
  /** Machines of one provider. */
  readonly machinesPerProvider: number;
}

/** A place that one connection holds until it leaves. */
export interface Seat {
  /** The connection has shown that it is this machine of this provider. Or of whom there are too many here already. */
  admit(provider: string, machine: string): "admitted" | "provider" | "address";
  /** Once, whatever became of the connection. */
  leave(): void;
}

/** Counts connections of agents, so that nobody fills the process with sockets, known or not. */
export class Seats {
  readonly limits: SeatLimits;
  #taken = 0;
  readonly #waiting = new Map<string, number>();
  /** The machines of each provider, and of each address. */
  readonly #ofProvider = new Machines();
  readonly #ofAddress = new Machines();

  constructor(limits: SeatLimits) {
    this.limits = limits;
  }

  /** A seat, or why there is none: `full` the process, `crowded` the address. */
  take(address: string): Seat | "full" | "crowded" {
    const from = networkOf(address);
    const waiting = this.#waiting.get(from) ?? 0;
    if (this.#taken >= this.limits.connections) return "full";
    if (waiting >= this.limits.waitingPerAddress) return "crowded";
    this.#taken++;
    this.#waiting.set(from, waiting + 1);
    let isWaiting = true;
    let free: () => void = () => undefined;
    const stopWaiting = () => {
      if (isWaiting) decrement(this.#waiting, from);
      isWaiting = false;
    };
    return {
      admit: (provider, machine) => {
        const name = `${provider} ${machine}`;
        if (!this.#ofProvider.hasRoom(provider, name, this.limits.machinesPerProvider)) return "provider";
        if (!this.#ofAddress.hasRoom(from, name, this.limits.machinesPerAddress)) return "address";
        stopWaiting();
        this.#ofProvider.add(provider, name);
        this.#ofAddress.add(from, name);
        free = () => {
          this.#ofProvider.remove(provider, name);
          this.#ofAddress.remove(from, name);
        };
        return "admitted";
      },
      leave: () => {
        stopWaiting();
        free();
        free = () => undefined;
        this.#taken--;
      },
    };
  }

  /** What is kept in memory, for tests: nothing remains of those who left. */
  get held(): { readonly taken: number; readonly addresses: number; readonly providers: number } {
    const addresses = this.#waiting.size + this.#ofAddress.size;
    return { taken: this.#taken, addresses, providers: this.#ofProvider.size };
  }
}

/** The machines of several owners, each with its connections (a newer one comes before the older has left). */
class Machines {
  readonly #of = new Map<string, Map<string, number>>();

  get size(): number {
    return this.#of.size;
  }

  /** Whether the owner may have this machine, too; one that it has already replaces itself. */
  hasRoom(owner: string, machine: string, limit: number): boolean {
    const machines = this.#of.get(owner);
    return machines === undefined ? limit > 0 : machines.has(machine) || machines.size < limit;
  }

  add(owner: string, machine: string): void {
    const machines = this.#of.get(owner) ?? new Map<string, number>();
    machines.set(machine, (machines.get(machine) ?? 0) + 1);
    this.#of.set(owner, machines);
  }

  remove(owner: string, machine: string): void {
    const machines = this.#of.get(owner);
    if (machines === undefined) return;
    decrement(machines, machine);
    if (machines.size === 0) this.#of.delete(owner);
  }
}

function decrement(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}

/** Who counts as one: an IPv4 address, or the /64 that one IPv6 customer has. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return [...before, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
