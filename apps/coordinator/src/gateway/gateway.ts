import { CorepoolError } from "@corepool/core/errors";
import { type Hex, toHex } from "@corepool/core/hex";
import type { Notifier } from "@corepool/core/ports/notifier";
import type { Connection } from "@corepool/core/ports/transport";
import { CLOSE } from "@corepool/protocol/agent";
import { machineLeft } from "../machines/presence.ts";
import { AgentConnection, type ConnectionParts, type ProbeAnswer, REMOTE } from "./agent-connection.ts";
import { machineTopic, probeTopic } from "./repository.ts";
import type { Seat } from "./seats.ts";

const PROBE_MS = 5_000;

/** The agents that are connected to this process. */
export interface Gateway {
  /** Serves a new connection until it ends; without a seat nothing counts it. */
  serve(connection: Connection, seat?: Seat): Promise<void>;
  /** Sends a nonce through a lease's sandbox and back. Rejects with `machine-unreachable`. */
  probe(machine: Hex, lease: Hex, nonce: Hex): Promise<ProbeAnswer>;
  /** Ends all connections; agents dial again. */
  close(): Promise<void>;
}

function unreachable(detail: string): CorepoolError {
  return new CorepoolError("machine-unreachable", { detail, next: "Try again shortly; no note is due meanwhile." });
}

/** The gateway of one process. */
export function createGateway(parts: ConnectionParts & { readonly notifier: Notifier }): Gateway {
  const all = new Map<AgentConnection, Promise<void>>();
  const machines = new Map<Hex, AgentConnection>();
  let closing = false;

  async function serve(connection: Connection, seat?: Seat): Promise<void> {
    const agent = new AgentConnection(parts, connection, seat);
    let leave: () => void = () => undefined;
    const served = agent.run((machine) => {
      // The newest connection wins; the older learns it at once when it is in this process, else by its next message.
      machines.get(machine.id)?.close(CLOSE.replaced, "a newer connection has taken over");
      machines.set(machine.id, agent);
      const flush = () => {
        agent.flush().catch((error: unknown) => parts.onTrouble(error, machine.id));
      };
      const unsubscribe = parts.notifier.subscribe(machineTopic(machine.id), flush);
      leave = () => {
        unsubscribe();
        if (machines.get(machine.id) === agent) machines.delete(machine.id);
      };
    });
    all.set(agent, served);
    if (closing) agent.close(CLOSE.goingAway, "the coordinator stops");
    await served;
    leave();
    all.delete(agent);
    const { machine } = agent;
    // What has left is offline at once; a newer connection has a newer epoch and stays.
    if (machine === undefined) return;
    const { clock } = parts.context;
    await parts.store.transaction((uow) => machineLeft(uow, machine.id, machine.epoch, clock.now()));
  }

  /** Asks through the process that holds the machine's connection: its box carries the probe, the store the answer. */
  async function probeElsewhere(machine: Hex, lease: Hex, nonce: Hex): Promise<ProbeAnswer | undefined> {
    const { store, notifier } = parts;
    const { clock, random } = parts.context;
    const request = `${REMOTE}${toHex(random.bytes(16))}`;
    const key = `probe:${request}`;
    const enough = new AbortController();
    const unsubscribe = notifier.subscribe(probeTopic(request), () => enough.abort());
    try {
      const sent = await store.transaction(async (uow) => {
        if ((await uow.machines.get(machine))?.online !== true) return false;
        await uow.messages.put(machine, key, { type: "probe", body: { request, lease, nonce } });
        return true;
      });
      if (!sent) return undefined;
      // An answer ends the wait.
      await clock.sleep(PROBE_MS, enough.signal).catch(() => undefined);
      const found = await store.transaction(async (uow) => {
        await uow.messages.drop(machine, key);
        return uow.probes.take(request);
      });
      return found === undefined || found.answer === null ? undefined : { answer: found.answer, frozen: found.frozen };
    } finally {
      unsubscribe();
    }
  }

  return {
    serve,
    async probe(machine, lease, nonce) {
      const agent = machines.get(machine);
      const answer = await (agent === undefined
        ? probeElsewhere(machine, lease, nonce)
        : agent.probe(lease, nonce, PROBE_MS));
      if (answer === undefined) throw unreachable("The machine did not answer the probe.");
      return answer;
    },
    async close() {
      closing = true;
      for (const agent of all.keys()) agent.close(CLOSE.goingAway, "the coordinator stops");
      await Promise.all(all.values());
    },
  };
}
