/** How many agents one process takes. */
export interface SeatLimits {
  /** Connections of agents altogether. */
  readonly connections: number;
  /** Connections of one remote address (IPv6: of its /64) that have not yet said who they are. */
  readonly waitingPerAddress: number;
  /** Machines of one provider. */
  readonly machinesPerProvider: number;
}

/** A place that one connection holds until it leaves. */
export interface Seat {
  /** The connection has shown that it is this machine of this provider; false when he has too many here already. */
  admit(provider: string, machine: string): boolean;
  /** Once, whatever became of the connection. */
  leave(): void;
}

/** Counts connections of agents, so that nobody fills the process with sockets, known or not. */
export class Seats {
  readonly limits: SeatLimits;
  #taken = 0;
  readonly #waiting = new Map<string, number>();
  /** By provider: his machines, each with its connections (a newer one comes before the older has left). */
  readonly #machines = new Map<string, Map<string, number>>();

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
        const machines = this.#machines.get(provider) ?? new Map<string, number>();
        if (!machines.has(machine) && machines.size >= this.limits.machinesPerProvider) return false;
        stopWaiting();
        machines.set(machine, (machines.get(machine) ?? 0) + 1);
        this.#machines.set(provider, machines);
        free = () => {
          decrement(machines, machine);
          if (machines.size === 0) this.#machines.delete(provider);
        };
        return true;
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
    return { taken: this.#taken, addresses: this.#waiting.size, providers: this.#machines.size };
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
