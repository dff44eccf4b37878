import { Agent } from "@corepool/agent/agent";
import { ChainTime } from "@corepool/agent/chain-time";
import { Gateway } from "@corepool/agent/gateway";
import { Journal } from "@corepool/agent/journal";
import type { Log } from "@corepool/agent/ports";
import { SlotPool } from "@corepool/agent/slots";
import { unitsOf } from "@corepool/agent/units";
import type { Hex } from "@corepool/core/hex";
import { machineId, usageReportData } from "@corepool/protocol/eip712";
import type { UnitSpec } from "@corepool/protocol/spec";
import { keccak256, stringToHex } from "viem";
import { countedJournal, countedRuntime } from "../io/ports.ts";
import { SimDisk } from "../machine/journal.ts";
import type { SimHost } from "../machine/runtime.ts";
import { simTransport } from "../net/wire.ts";
import { HostTime, type SimProcess } from "../world/process.ts";
import type { World } from "../world/world.ts";
import { type Party, partyOf } from "./keys.ts";
import { chainFor, settlerFor } from "./sending.ts";

/** A provider's machine, with all that survives its agent. */
export interface Machine {
  readonly name: string;
  readonly id: Hex;
  /** What its id is made of, beside its provider. */
  readonly salt: Hex;
  readonly provider: Party;
  readonly host: SimHost;
  readonly disk: SimDisk;
  readonly time: HostTime;
  readonly units: readonly UnitSpec[];
  process: SimProcess | undefined;
  journal: Journal | undefined;
  /** How often its agent was killed or stopped: what it served meanwhile is its provider's loss. */
  deaths: number;
  /** Asks the running agent to end in order. */
  stop: (() => void) | undefined;
}

/** Base units per second. */
export const RATE = 10n ** 15n;

export function createMachine(world: World, index: number): Machine {
  const name = `agent-${index}`;
  const provider = partyOf(name);
  const salt = keccak256(stringToHex(name));
  const id = machineId(provider.address, salt);
  const { swarm } = world;
  const random = world.random.fork(name);
  const host = world.hostFor(name, random.fork("host"));
  const units = unitsOf(
    {
      cpus: 2,
      cpuModel: "A Processor",
      memoryBytes: 4 * 2 ** 30,
      diskFreeBytes: 100 * 2 ** 30,
      gpus: [],
      software: [],
      os: "Linux",
      arch: "x64",
      kernel: "6.1.0",
    },
    {
      runtime: "bubblewrap",
      runtimeVersion: "0.12.0",
      user: "dedicated",
      limits: "cgroup-v2",
      workspace: "ext4-loop",
      seccomp: true,
      network: "none",
      weaknesses: [],
    },
    host.slots,
    {
      machine: id,
      slices: swarm.slices,
      firstUnit: index * 100,
      intervalSeconds: swarm.intervalSeconds,
      holdSeconds: swarm.holdSeconds,
    },
  );
  return {
    name,
    id,
    salt,
    provider,
    host,
    disk: new SimDisk(random.fork("disk")),
    time: new HostTime(),
    units,
    process: undefined,
    journal: undefined,
    deaths: 0,
    stop: undefined,
  };
}

/** Starts the machine's agent in a process of its own; it serves until it is stopped or killed. */
export async function startAgent(world: World, machine: Machine, process: SimProcess): Promise<void> {
  const { place, network } = world;
  const { clock, random } = process;
  const { provider, name } = machine;
  const domain = { chainId: place.chainId, market: place.market };
  const note = (event: string, fields?: Readonly<Record<string, unknown>>) =>
    world.note(process, event, fields === undefined ? undefined : JSON.stringify(fields, bigints));
  const log: Log = { info: () => undefined, warn: note, error: note };
  const stopping = new AbortController();
  const journal = await process.guard(
    Journal.open(
      world.mutations.journal(countedJournal(world.io, process, machine.disk.storeFor(process)), process),
      clock,
      log,
    ),
  );
  const chain = chainFor(process, place, world.nodesFor(process), world.finality);
  const hosts = { from: name, to: "coordinator" };
  const gateway = new Gateway({
    url: "ws://coordinator/v1/agent",
    domain,
    identity: { provider: provider.address, machine: machine.id, salt: machine.salt, version: "sim" },
    keys: provider.agreement,
    signer: provider,
    transport: world.mutations.transport(simTransport(network, process, hosts, () => world.coordinator)),
    clock,
    random,
    journal,
    log,
  });
  const serving = () => world.coordinator !== undefined;
  const agent = new Agent({
    domain,
    clock: world.mutations.agentClock(clock),
    runtime: world.mutations.runtime(countedRuntime(world.io, process, machine.host.runtimeFor(process))),
    chain: chain.reader,
    signer: provider,
    keys: provider.agreement,
    journal,
    gateway,
    blobs: world.blobs.transferFor(network, process, hosts, provider.address, serving),
    inputs: { hold: async () => "/nowhere", release: async () => undefined },
    slots: new SlotPool(machine.host.slots),
    log,
    chainTime: world.mutations.chainTime(new ChainTime(world.mutations.agentClock(clock))),
    settler: settlerFor(process, place, chain, provider.address),
    closePatienceSeconds: world.swarm.closePatienceSeconds,
    signReport: (report) => provider.signTypedData(usageReportData(domain, report)),
    units: machine.units,
    offer: {
      provider: provider.address,
      payTo: provider.address,
      graceSeconds: 2 * world.swarm.intervalSeconds,
      price: RATE,
    },
    registration: undefined,
  });
  machine.journal = journal;
  machine.stop = () => stopping.abort();
  await process.guard(agent.run(stopping.signal));
  await process.guard(journal.close());
}

const bigints = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
