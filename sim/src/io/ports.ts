import type { JournalStore } from "@corepool/agent/ports";
import { type Endpoint, RpcFailure } from "@corepool/chain/rpc";
import type { SenderStore } from "@corepool/chain/sender/store";
import type { EventLog } from "@corepool/coordinator/platform/events/event-log";
import { CorepoolError } from "@corepool/core/errors";
import type { Runtime, SandboxHandle } from "@corepool/core/ports/runtime";
import type { SimProcess } from "../world/process.ts";
import { connectionLost, type Io } from "./calls.ts";

/** Ports as one process holds them, with every call counted. Without counting they are what they were. */

/** A node of the chain: only a broadcast changes anything. */
export function countedEndpoint(io: Io, process: SimProcess, given: Endpoint): Endpoint {
  if (!io.watching) return given;
  const away = () => new RpcFailure("unreachable", "the node does not answer");
  return {
    name: given.name,
    request: (method, parameters) =>
      io.call(
        process,
        `chain ${method}`,
        method === "eth_sendRawTransaction",
        () => given.request(method, parameters),
        away,
      ),
  };
}

/** The agent's disk. */
export function countedJournal(io: Io, process: SimProcess, given: JournalStore): JournalStore {
  if (!io.watching) return given;
  return {
    read: () => io.call(process, "journal read", false, () => given.read()),
    append: (lines) => io.call(process, "journal append", true, () => given.append(lines)),
    replace: (lines) => io.call(process, "journal replace", true, () => given.replace(lines)),
    close: () => io.call(process, "journal close", true, () => given.close()),
  };
}

/** The sender's table. */
export function countedSenderStore(io: Io, process: SimProcess, given: SenderStore): SenderStore {
  if (!io.watching) return given;
  return {
    add: (request) => io.call(process, "sender add", true, () => given.add(request), connectionLost),
    unfinished: () => io.call(process, "sender unfinished", false, () => given.unfinished(), connectionLost),
    save: (record) => io.call(process, "sender save", true, () => given.save(record), connectionLost),
    find: (intent) => io.call(process, "sender find", false, () => given.find(intent), connectionLost),
  };
}

/** The log of what clients are told. */
export function countedEvents(io: Io, process: SimProcess, given: EventLog): EventLog {
  if (!io.watching) return given;
  const counted = <T>(what: string, work: () => Promise<T>) =>
    io.call(process, `events ${what}`, false, work, connectionLost);
  return {
    ...given,
    read: (topic, after, limit) => counted("read", () => given.read(topic, after, limit)),
    has: (topic, id) => counted("has", () => given.has(topic, id)),
    last: (topic) => counted("last", () => given.last(topic)),
  };
}

/** The machine's sandboxes. */
export function countedRuntime(io: Io, process: SimProcess, given: Runtime): Runtime {
  if (!io.watching) return given;
  const counted = <T>(what: string, changes: boolean, work: () => Promise<T>) =>
    io.call(process, `sandbox ${what}`, changes, work);
  const handle = (of: SandboxHandle): SandboxHandle => ({
    ...of,
    probe: (nonce) => counted("probe", false, () => of.probe(nonce)),
    freeze: () => counted("freeze", true, () => of.freeze()),
    thaw: () => counted("thaw", true, () => of.thaw()),
    stop: (graceMs) => counted("stop", true, () => of.stop(graceMs)),
    extend: (seconds) => counted("extend", true, () => of.extend(seconds)),
    stats: () => counted("stats", false, () => of.stats()),
    wait: () => counted("wait", false, () => of.wait()),
    readLog: (offset, most) => counted("read log", false, () => of.readLog(offset, most)),
    async *followLog(offset, signal) {
      await counted("follow log", false, async () => undefined);
      yield* of.followLog(offset, signal);
    },
    outputs: (bounds) => counted("outputs", false, () => of.outputs(bounds)),
    async *readOutput(path) {
      for await (const bytes of of.readOutput(path)) yield await counted("read output", false, async () => bytes);
    },
    destroy: () => counted("destroy", true, () => of.destroy()),
  });
  const gone = (found: SandboxHandle | null) => (found === null ? null : handle(found));
  return {
    ...given,
    create: async (spec) =>
      handle(
        await io.call(
          process,
          "sandbox create",
          true,
          () => given.create(spec),
          () => new CorepoolError("sandbox-unavailable", { detail: "The sandbox could not be started." }),
        ),
      ),
    list: () => counted("list", false, () => given.list()),
    attach: async (id) => gone(await counted("attach", false, () => given.attach(id))),
  };
}
