import type { Violation } from "../checks/checks.ts";
import { Io, type IoPlan } from "../io/calls.ts";
import { type Mutations, NO_MUTATION } from "./mutations.ts";
import { SeededRandom } from "./random.ts";
import { idealSignatures } from "./signatures.ts";
import { scheduleStorm } from "./storm.ts";
import { drawSwarm, type Swarm } from "./swarm.ts";
import { World } from "./world.ts";

/** How a seed's world went. */
export interface Outcome {
  readonly seed: number;
  readonly swarm: Swarm;
  readonly violations: readonly Violation[];
  readonly events: number;
  readonly virtualMs: number;
  /** Of everything that happened: the same seed gives the same. */
  readonly hash: number;
  readonly notes: readonly string[];
  readonly struck: readonly string[];
}

export interface RunOptions {
  /** Instead of what the seed draws. */
  readonly swarm?: Partial<Swarm>;
  readonly mutations?: Mutations;
  /** Counts the calls of all parts, and lets one go wrong; once all is done, everything is started again and must stay so. */
  readonly io?: IoPlan | "count";
  /** Shown the world when it has begun: for the one who has something happen in it. */
  readonly during?: (world: World) => void;
  /** Errors carry their stacks: for the one who looks for a defect. */
  readonly stacks?: boolean;
  /** Shown the world when it is over: for the one who looks for a defect. */
  readonly inspect?: (world: World) => void;
}

/** In liveness mode all must be done so long after the faults stop. */
const BOUND_MS = 400_000;
const LOOK_MS = 1_000;
/** How long all is looked at once more after a restart of everything. */
const AFTER_RESTART_MS = 10_000;

/** The world of a seed, from its beginning to its end. */
export async function run(seed: number, options: RunOptions = {}): Promise<Outcome> {
  await idealSignatures();
  const drawn = drawSwarm(new SeededRandom(seed, "swarm"));
  const swarm: Swarm = { ...drawn, ...options.swarm };
  const world = new World(seed, swarm, options.mutations ?? NO_MUTATION, new Io(options.io));
  const stray = (error: unknown) => world.defect(error);
  const { stackTraceLimit } = Error;
  // Refusals are everyday events here, and their stacks a third of the garbage.
  Error.stackTraceLimit = options.stacks === true ? 20 : 0;
  process.on("unhandledRejection", stray);
  try {
    await live(world, swarm, options.during);
  } finally {
    process.off("unhandledRejection", stray);
    Error.stackTraceLimit = stackTraceLimit;
  }
  world.checks.paid();
  options.inspect?.(world);
  const { executor, checks, notes, struck } = world;
  return {
    seed,
    swarm,
    violations: checks.violations,
    events: executor.events,
    virtualMs: executor.now,
    hash: executor.hash,
    notes,
    struck,
  };
}

async function live(world: World, swarm: Swarm, during: RunOptions["during"]): Promise<void> {
  const { executor, checks } = world;
  // Deep enough that no re-org reaches the clients' deposits.
  for (let i = 0; i < 8; i++) await world.mine();
  world.startChain();
  world.startCoordinator();
  for (const machine of world.machines) world.startAgent(machine);
  for (const client of world.clients) world.startClient(client);
  scheduleStorm(world);
  during?.(world);
  const nothing = () => undefined;
  if (swarm.mode === "safety") return executor.run(swarm.stormMs * 2, nothing);
  await untilDone(world, swarm);
  if (!world.io.watching || checks.violations.length > 0) return;
  world.callsUntilDone = world.io.calls.length;
  world.restartAll();
  await executor.run(executor.now + AFTER_RESTART_MS, nothing);
  for (const left of checks.unfinished()) checks.violated("what is done stays done", left);
  checks.books();
}

async function untilDone(world: World, swarm: Swarm): Promise<void> {
  const { executor, checks } = world;
  let calmAt = 0;
  let left: readonly string[] = [];
  const look = () => {
    left = checks.unfinished();
    if (left.length === 0) return executor.stop();
    executor.after(LOOK_MS, "looks whether all is done", look);
  };
  executor.after(swarm.stormMs + 1, "looks whether all is done", () => {
    calmAt = executor.now;
    look();
  });
  await executor.run(swarm.stormMs + BOUND_MS, () => undefined);
  if (checks.violations.length > 0) return;
  if (left.length > 0) {
    checks.violated(
      "all is done in time",
      `${Math.round((executor.now - calmAt) / 1000)} s after the storm: ${left.join("; ")}`,
    );
    return;
  }
  checks.books();
}
