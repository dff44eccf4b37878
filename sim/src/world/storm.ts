import type { HostTime } from "./process.ts";
import type { SeededRandom } from "./random.ts";
import type { World } from "./world.ts";

type Strike = (world: World, random: SeededRandom, end: number) => void;

const later = (world: World, random: SeededRandom, end: number, longest: number, what: string, work: () => void) => {
  const { executor } = world;
  const ms = random.between(50, longest);
  executor.after(Math.min(ms, Math.max(0, end - executor.now)), what, work);
};

const executorAfter = (world: World, ms: number, end: number, what: string, work: () => void) =>
  world.executor.after(Math.min(ms, Math.max(0, end - world.executor.now) + 1), what, work);

const pickOf = <T>(random: SeededRandom, list: readonly T[]): T | undefined => list[random.between(0, list.length - 1)];
const hosts = (world: World) => [
  "coordinator",
  ...world.machines.map((m) => m.name),
  ...world.clients.map((c) => c.name),
];

const STRIKES: Readonly<Record<string, Strike>> = {
  coordinatorDies(world, random, end) {
    world.killCoordinator();
    later(world, random, end, 8_000, "the coordinator starts again", () => {
      if (world.coordinator === undefined) world.startCoordinator();
    });
  },
  coordinatorStops(world, random, end) {
    const { coordinator } = world;
    world.coordinator = undefined;
    if (coordinator === undefined) return;
    void coordinator.stop();
    later(world, random, end, 5_000, "the coordinator starts again", () => {
      coordinator.process.kill();
      if (world.coordinator === undefined) world.startCoordinator();
    });
  },
  agentDies(world, random, end) {
    const machine = pickOf(random, world.machines);
    if (machine?.process === undefined) return;
    world.killAgent(machine);
    later(world, random, end, 12_000, `${machine.name} starts again`, () => {
      if (machine.process === undefined) world.startAgent(machine);
    });
  },
  agentDiesWriting(world, random, end) {
    const machine = pickOf(random, world.machines);
    if (machine === undefined) return;
    let left = random.between(0, 6);
    machine.disk.onSync = (ms) => {
      if (left-- > 0 || world.calm) return;
      machine.disk.onSync = () => undefined;
      // Somewhere in the write, or just behind it.
      const { process } = machine;
      world.executor.after(random.unit() * ms * 1.5, `${machine.name} dies in a write`, () => {
        if (machine.process !== process) return;
        world.killAgent(machine);
        later(world, random, end, 6_000, `${machine.name} starts again`, () => {
          if (machine.process === undefined) world.startAgent(machine);
        });
      });
    };
  },
  coordinatorStandsStill(world, random, end) {
    const old = world.coordinator;
    if (old === undefined) return;
    old.process.pause();
    world.coordinator = undefined;
    later(world, random, end, 8_000, "another coordinator starts", () => {
      if (world.coordinator === undefined) world.startCoordinator();
    });
    // It goes on beside the one that has taken over, until somebody ends it.
    later(world, random, end, 20_000, "the old coordinator goes on", () => old.process.resume());
    executorAfter(world, 30_000, end, "the old coordinator ends", () => {
      if (world.coordinator !== old) old.process.kill();
    });
  },
  agentStops(world, random, end) {
    const machine = pickOf(random, world.machines);
    if (machine?.process === undefined) return;
    machine.stop?.();
    machine.deaths += 1;
    const { process } = machine;
    later(world, random, end, 5_000, `${machine.name} starts again`, () => {
      if (machine.process !== process) return;
      world.killAgent(machine);
      world.startAgent(machine);
    });
  },
  hostReboots(world, random, end) {
    const machine = pickOf(random, world.machines);
    if (machine?.process === undefined) return;
    world.killAgent(machine);
    machine.host.reboot();
    later(world, random, end, 12_000, `${machine.name} starts again`, () => {
      if (machine.process === undefined) world.startAgent(machine);
    });
  },
  clientDies(world, random, end) {
    const client = pickOf(random, world.clients);
    if (client?.process === undefined) return;
    world.killClient(client);
    later(world, random, end, 12_000, `${client.name} starts again`, () => {
      if (client.process === undefined) world.startClient(client);
    });
  },
  partition(world, random, end) {
    const all = hosts(world);
    const one = pickOf(random, all.slice(1)) ?? "coordinator";
    const both = random.chance(0.5);
    const forth = random.chance(0.5);
    const [from, to] = forth ? [one, "coordinator"] : ["coordinator", one];
    world.network.close(from, to);
    if (both) world.network.close(to, from);
    later(world, random, end, 15_000, `the way to ${one} opens`, () => {
      world.network.open(from, to);
      world.network.open(to, from);
    });
  },
  reorg(world, random) {
    const depth = random.between(1, world.finality.depth - 1);
    const lossy = random.chance(0.3);
    world.reorganise(depth, lossy ? 0.5 : 0, random.chance(0.5)).catch((error: unknown) => world.defect(error));
  },
  nodeComesBackOlder(world, random) {
    world
      .reorganise(random.between(1, world.finality.depth - 1), 1, false)
      .catch((error: unknown) => world.defect(error));
  },
  nodesAway(world, random, end) {
    const host = pickOf(random, hosts(world)) ?? "coordinator";
    world.nodesAway.add(host);
    later(world, random, end, 8_000, `${host} has its node back`, () => world.nodesAway.delete(host));
  },
  nodesBehind(world, random, end) {
    const host = pickOf(random, hosts(world)) ?? "coordinator";
    world.nodesBehind.set(host, random.between(1, 3));
    later(world, random, end, 8_000, `${host}'s node catches up`, () => world.nodesBehind.delete(host));
  },
  feesRise(world, random, end) {
    world.baseFee *= 20n;
    later(world, random, end, 20_000, "fees fall", () => {
      world.baseFee = 10n ** 9n;
    });
  },
  transactionsStick(world, random, end) {
    const odd = random.between(0, 1);
    world.stuck = (hash) => Number.parseInt(hash.slice(-1), 16) % 2 === odd;
    later(world, random, end, 15_000, "nothing sticks", () => {
      world.stuck = () => false;
    });
  },
  poolIsLost(world) {
    world.blocks.pool.clear();
  },
  notificationsAreLost(world, random, end) {
    world.topics.down = true;
    later(world, random, end, 8_000, "notifications come again", () => {
      world.topics.down = false;
    });
  },
  clocksStep(world, random) {
    const far = Math.max(15_000, world.swarm.skewMs);
    for (const { time } of [{ time: world.coordinatorTime }, ...world.machines, ...world.clients]) {
      if (random.chance(0.5)) time.offsetMs = random.between(-far, far);
    }
  },
};

const NAMES = Object.keys(STRIKES);
/** A storm is of few kinds: what is rare among many kinds then comes in numbers in some worlds. */
const MOST_KINDS = 4;

type ClockFault = (world: World, one: HostTime, random: SeededRandom) => void;

/** More than an offer stands, and than any lease here lasts. */
const HOUR_MS = 3_700_000;
const TEN_MINUTES_MS = 600_000;

/** What goes wrong with the wall clock of one host, or of all. Beyond the chain's own: validators keep that within seconds. */
const CLOCK_FAULTS: readonly ClockFault[] = [
  (_, one, random) => {
    one.offsetMs = random.between(-TEN_MINUTES_MS, TEN_MINUTES_MS);
  },
  (_, one) => {
    one.offsetMs -= HOUR_MS;
  },
  (_, one) => {
    one.offsetMs += HOUR_MS;
  },
  // A second comes twice, or is left out, everywhere at once.
  (world, _, random) => {
    const second = random.chance(0.5) ? 1_000 : -1_000;
    for (const time of [world.chainTime, ...wallClocks(world)]) time.offsetMs += second;
  },
  (world, one, random) => one.run(random.chance(0.5) ? 5 : 0.2, world.executor.now),
  (_, one) => one.correct(),
];

const wallClocks = (world: World): readonly HostTime[] => [
  world.coordinatorTime,
  ...[...world.machines, ...world.clients].map(({ time }) => time),
];

/** Plans what goes wrong in a world, and that it stops in time where it is to stop. */
export function scheduleStorm(world: World): void {
  const { executor, swarm } = world;
  const random = world.random.fork("storm");
  const last = swarm.mode === "safety" ? swarm.stormMs * 2 : swarm.stormMs;
  const skew = () => Math.round((random.unit() * 2 - 1) * swarm.skewMs);
  if (swarm.skewMs > 0) {
    for (const { time } of [...world.machines, ...world.clients]) time.offsetMs = skew();
    world.coordinatorTime.offsetMs = skew();
    world.chainTime.offsetMs = Math.round(skew() / 10);
  }
  const kinds = Array.from({ length: random.between(1, MOST_KINDS) }, () => pickOf(random, NAMES) ?? "");
  for (let i = 0; i < swarm.strikes; i++) {
    const name = pickOf(random, kinds) ?? "";
    const own = random.fork(`strike ${i}`);
    executor.after(random.unit() * last, `strike: ${name}`, () => {
      world.struck.push(`${(executor.now / 1000).toFixed(3)} ${name}`);
      STRIKES[name]?.(world, own, last);
    });
  }
  const clocks = world.random.fork("clocks");
  // Machines come up with a clock that nobody has set yet.
  if (swarm.clockFaults > 0) for (const { time } of world.machines) if (clocks.chance(0.5)) time.offsetMs -= HOUR_MS;
  for (let i = 0; i < swarm.clockFaults; i++) {
    const own = clocks.fork(`fault ${i}`);
    executor.after(clocks.unit() * last, "a clock goes wrong", () => {
      const which = own.between(0, CLOCK_FAULTS.length - 1);
      world.struck.push(`${(executor.now / 1000).toFixed(3)} clock fault ${which}`);
      const one = pickOf(own, wallClocks(world));
      if (one !== undefined) CLOCK_FAULTS[which]?.(world, one, own);
    });
  }
  if (swarm.mode === "liveness") executor.after(swarm.stormMs, "the storm is over", () => calm(world));
}

/** Nothing goes wrong from here on, and what was down comes up. */
function calm(world: World): void {
  world.calm = true;
  world.network.openAll();
  world.nodesAway.clear();
  world.nodesBehind.clear();
  world.stuck = () => false;
  world.baseFee = 10n ** 9n;
  world.topics.down = false;
  const { swarm } = world;
  world.weather({ ...swarm, loss: 0, duplicate: 0, stall: 0, diskFull: 0, noStart: 0 });
  for (const time of [world.chainTime, ...wallClocks(world)]) time.correct();
}
