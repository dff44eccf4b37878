import type { JournalStore } from "@corepool/agent/ports";
import type { ChainReader } from "@corepool/core/ports/chain";
import type { SandboxHandle } from "@corepool/core/ports/runtime";
import { type Mutations, NO_MUTATION } from "./world/mutations.ts";
import type { Swarm } from "./world/swarm.ts";

/**
 * Planted bugs: what programmers really get wrong, each put on the product's own parts through one of their ports. A
 * simulation that does not find them would not find the like.
 */
export interface Mutant {
  readonly name: string;
  /** What is wrong, in a line. */
  readonly bug: string;
  readonly mutations: () => Mutations;
  /** Of the worlds in which it is looked for, where it shows in few of all. */
  readonly swarm: Partial<Swarm>;
}

const mutant = (
  name: string,
  bug: string,
  mutations: () => Partial<Mutations>,
  swarm: Partial<Swarm> = {},
): Mutant => ({ name, bug, mutations: () => ({ ...NO_MUTATION, ...mutations() }), swarm });

/** All takes long, and no clock is right. */
const SLOW_WITH_WRONG_CLOCKS = { clockFaults: 8, statementMs: 40, syncMs: 100, startMs: 800 };

/** The handle with some of its ways changed. */
const changed = (handle: SandboxHandle, change: Partial<SandboxHandle>): SandboxHandle => ({ ...handle, ...change });

/** A line of the journal, split into its change and the message that tells of it. */
function apart(line: string): { readonly change: string; readonly out: string | undefined } {
  const { out, ...change } = JSON.parse(line) as { readonly t: string; readonly out?: object };
  return { change: JSON.stringify(change), out: out === undefined ? undefined : JSON.stringify({ t: "out", ...out }) };
}

const believing = (reader: ChainReader): ChainReader => ({ ...reader, finalized: () => reader.head() });

export const MUTANTS: readonly Mutant[] = [
  mutant("ack-before-fsync", "the agent's journal says that lines are safe before they are", () => ({
    journal: (given) => ({
      ...given,
      async append(lines) {
        given.append(lines).catch(() => undefined);
      },
    }),
  })),
  mutant("journal-and-outbox-apart", "a change and the message that tells of it are two writes", () => ({
    journal(given): JournalStore {
      return {
        ...given,
        async append(lines) {
          const split = lines.map(apart);
          await given.append(split.map(({ change }) => change));
          const told = split.flatMap(({ out }) => (out === undefined ? [] : [out]));
          if (told.length > 0) await given.append(told);
        },
      };
    },
  })),
  mutant("no-fencing", "whatever connection a machine's message comes by, it is heard", () => ({
    uow: (given) => ({
      ...given,
      machines: {
        ...given.machines,
        async seen(id, epoch, at) {
          await given.machines.seen(id, epoch, at);
          return true;
        },
      },
    }),
  })),
  mutant("no-idempotency", "a request that comes again is done again", () => ({
    idempotency: () => ({
      begin: async () => ({
        run: { settle: async () => undefined, finish: async () => undefined, abandon: async () => undefined },
      }),
    }),
  })),
  mutant("re-org-ignored", "the books keep what was in blocks that are gone", () => ({
    handlers: (given) => ({ log: (tx, log, block) => given.log(tx, log, block) }),
  })),
  mutant("first-inclusion-believed", "a transaction is forgotten as soon as it was once in a block", () => ({
    senderReader: believing,
  })),
  mutant("meter-by-wall-clock", "the agent counts what it served by a clock that can be set", () => ({
    agentClock: (given) => ({ ...given, monotonic: () => given.now() }),
  })),
  mutant(
    "lease-by-own-clock",
    "the agent lets a lease end by its own clock, whatever the chain's says",
    () => ({
      chainTime: (given) => {
        given.seen = () => undefined;
        return given;
      },
    }),
    SLOW_WITH_WRONG_CLOCKS,
  ),
  mutant("never-frozen", "a workload that is not paid for runs on", () => ({
    runtime: (given) => {
      const awake = (handle: SandboxHandle) => changed(handle, { freeze: async () => undefined });
      return {
        ...given,
        create: async (spec) => awake(await given.create(spec)),
        attach: async (id) => {
          const found = await given.attach(id);
          return found === null ? null : awake(found);
        },
      };
    },
  })),
  mutant("sandbox-kept", "a sandbox whose workload is over is not taken away", () => ({
    runtime: (given) => {
      const kept = (handle: SandboxHandle) => changed(handle, { destroy: async () => undefined });
      return {
        ...given,
        create: async (spec) => kept(await given.create(spec)),
        attach: async (id) => {
          const found = await given.attach(id);
          return found === null ? null : kept(found);
        },
      };
    },
  })),
  mutant("sandbox-not-found-again", "a restarted agent does not look for what runs already", () => ({
    runtime: (given) => ({ ...given, list: async () => [], attach: async () => null }),
  })),
  mutant("lost-wake-up", "after the line for notifications broke, nobody looks for what was missed", () => ({
    listensAgain: () => () => undefined,
  })),
];
