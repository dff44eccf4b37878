import type { SimProcess } from "../world/process.ts";
import { never } from "../world/process.ts";

/**
 * How one call goes wrong. `fails`: nothing was done, and the caller is told so. `answer-lost`: it was done, and the
 * caller is told that it failed. `dies`, `dies-after`: the caller's process is killed in place of the call, or when it
 * was done and before the answer came.
 */
export const IO_FAULTS = ["fails", "answer-lost", "dies", "dies-after"] as const;
export type IoFault = (typeof IO_FAULTS)[number];

/** A call to the outside world. */
export interface IoCall {
  readonly process: string;
  readonly what: string;
  /** Whether it changes anything: of one that only looks, a lost answer is the same as a failure. */
  readonly changes: boolean;
}

/** The one call that goes wrong, counted from 0 in the order in which the world makes them, and how. */
export interface IoPlan {
  readonly call: number;
  readonly fault: IoFault;
}

/**
 * Counts every call that coordinators, agents and clients make through a port, and lets one of them go wrong. Without a
 * plan or a wish to count, nothing is touched, not even the order of promises.
 */
export class Io {
  readonly calls: IoCall[] = [];
  readonly watching: boolean;
  /** Kills a process of the world; it is started again in a while. */
  kill: (process: SimProcess) => void = (process) => process.kill();
  readonly #plan: IoPlan | undefined;
  #struck: IoCall | undefined;

  /** @param plan what goes wrong; "count" when nothing does */
  constructor(plan?: IoPlan | "count") {
    this.watching = plan !== undefined;
    this.#plan = plan === "count" ? undefined : plan;
  }

  /** The call that went wrong, once it has. */
  get struck(): IoCall | undefined {
    return this.#struck;
  }

  /** Counts a call; says how it goes wrong when its turn has come. The caller of this does the rest. */
  next(process: SimProcess, what: string, changes: boolean): IoFault | undefined {
    if (!this.watching || !process.alive) return undefined;
    const call: IoCall = { process: process.name, what, changes };
    this.calls.push(call);
    if (this.#plan === undefined || this.calls.length - 1 !== this.#plan.call) return undefined;
    this.#struck = call;
    return this.#plan.fault;
  }

  /** Does the work as one call of the process; `broken` is what the caller gets when it fails. */
  call<T>(
    process: SimProcess,
    what: string,
    changes: boolean,
    work: () => Promise<T>,
    broken: () => Error = ioError,
  ): Promise<T> {
    const fault = this.next(process, what, changes);
    return fault === undefined ? work() : this.#wrong(process, fault, work, broken);
  }

  async #wrong<T>(process: SimProcess, fault: IoFault, work: () => Promise<T>, broken: () => Error): Promise<T> {
    if (fault === "dies") {
      this.kill(process);
      return never();
    }
    if (fault === "fails") throw broken();
    await work();
    if (fault === "answer-lost") throw broken();
    this.kill(process);
    return never();
  }
}

/** What the system says of a device that failed. */
export const ioError = (): Error => Object.assign(new Error("EIO: i/o error"), { code: "EIO" });

/** What the database's driver says when its connection breaks. */
export const connectionLost = (): Error => new Error("Connection terminated unexpectedly");
