import { CorepoolError, codeOf } from "@corepool/core/errors";
import { type Hex, toHex } from "@corepool/core/hex";
import type { MachineRecord } from "@corepool/core/ports/store";
import type { ProbeAnswerRecord } from "@corepool/core/ports/store-messages";
import type { Connection } from "@corepool/core/ports/transport";
import { CLOSE, type ToAgent, toAgent } from "@corepool/protocol/agent";
import { isProblemCode } from "@corepool/protocol/problems";
import { checkHello, connectMachine } from "../machines/connect.ts";
import { lower } from "../market/context.ts";
import { type HandlerParts, handleMessage, Outdated, storeLog } from "./handle.ts";
import { LogIntake, type LogMessage } from "./log-intake.ts";
import { formatMessage, parseMessage } from "./messages.ts";
import type { Seat } from "./seats.ts";

export interface ConnectionParts extends HandlerParts {
  /** Makes the bearer token with which the agent reads and writes blobs. */
  readonly issueToken: (provider: Hex, machine: Hex) => Promise<string>;
  readonly onTrouble: (error: unknown, machine: Hex | undefined) => void;
}

/** The answer to a probe. */
export interface ProbeAnswer {
  readonly answer: Hex;
  readonly frozen: boolean;
}

/** Seconds between an agent's signs of life; after three missed ones its machine counts as offline. */
export const HEARTBEAT_SECONDS = 5;
const HELLO_MS = 5_000;
const MOST_PROBES = 256;
/** What the agent could not take now (a lease that its chain node does not show yet) is sent again after so long. */
const AGAIN_MS = 2_000;
/** Begins the names of probes that another process asked for. */
export const REMOTE = "r";
/** Answers that nobody fetched in that time are of no use any more. */
const FORGET_MS = 60_000;

/** How a connection is closed whose hello is refused; otherwise as unauthenticated. */
const CLOSE_OF: Readonly<Record<string, number>> = {
  "bad-request": CLOSE.badMessage,
  "too-many-connections": CLOSE.tooMany,
};

/** One connection of an agent, from its challenge to its end. */
export class AgentConnection {
  machine: MachineRecord | undefined;
  readonly #parts: ConnectionParts;
  readonly #connection: Connection;
  readonly #seat: Seat | undefined;
  readonly #probes = new Map<string, (answer: ProbeAnswer | undefined) => void>();
  readonly #over = new AbortController();
  #sent = new Set<bigint>();
  #flushing: Promise<void> = Promise.resolve();
  #count = 0;
  #logs: LogIntake | undefined;

  constructor(parts: ConnectionParts, connection: Connection, seat?: Seat) {
    this.#seat = seat;
    this.#parts = parts;
    this.#connection = connection;
  }

  close(code: number, reason: string): void {
    this.#over.abort();
    this.#connection.close(code, reason);
  }

  /**
   * Serves the connection until it ends. `joined` is called once the agent is known, before it may say anything.
   * Never rejects: what goes wrong ends the connection and is told to `onTrouble`.
   */
  async run(joined: (machine: MachineRecord) => void): Promise<void> {
    try {
      const messages = this.#connection.messages[Symbol.asyncIterator]();
      const machine = await this.#admit(messages);
      if (machine === undefined) return;
      joined(machine);
      await this.flush();
      this.#logs = new LogIntake((attempt, pieces) => this.#storeLog(machine, attempt, pieces));
      for (;;) {
        const { done, value } = await messages.next();
        if (done === true || this.#over.signal.aborted) return;
        await this.#take(machine, value);
      }
    } catch (error) {
      this.#broken(error);
    } finally {
      this.#over.abort();
      await this.#logs?.idle();
      for (const answer of this.#probes.values()) answer(undefined);
      this.#probes.clear();
    }
  }

  #broken(error: unknown): void {
    if (error instanceof Outdated) this.close(CLOSE.replaced, "a newer connection has taken over");
    else {
      this.#parts.onTrouble(error, this.machine?.id);
      this.close(CLOSE.goingAway, "something broke on our side");
    }
  }

  /** Challenge, hello, welcome. Undefined when the peer is not who it says. */
  async #admit(messages: AsyncIterator<string>): Promise<MachineRecord | undefined> {
    const { context, store } = this.#parts;
    const nonce: Hex = `0x${toHex(context.random.bytes(32))}`;
    const { chainId, market } = context.domain;
    await this.#send({ type: "challenge", body: { nonce, chainId, market } });
    const heard = new AbortController();
    const late = context.clock.sleep(HELLO_MS, AbortSignal.any([heard.signal, this.#over.signal])).then(
      () => this.close(CLOSE.unauthenticated, "no hello in time"),
      // Something was heard in time, or the connection ended first.
      () => undefined,
    );
    const silence = late.then(() => ({ done: true, value: undefined }) as const);
    const first = await Promise.race([messages.next(), silence]).finally(() => heard.abort());
    if (first.done === true || first.value === undefined) return undefined;
    try {
      const { message } = parseMessage(first.value);
      if (message.type !== "hello")
        throw new CorepoolError("unauthenticated", { detail: "The first message must be hello." });
      await checkHello(context, nonce, message.body);
      const admitted = this.#seat?.admit(lower(message.body.provider), lower(message.body.machine)) ?? "admitted";
      if (admitted !== "admitted")
        throw new CorepoolError("too-many-connections", {
          detail: `This ${admitted} has as many machines connected here as it may.`,
          next: "Disconnect one, or ask the operator for more.",
        });
      const machine = await store.transaction((uow) => connectMachine(uow, context, message.body));
      this.machine = machine;
      const token = await this.#parts.issueToken(machine.provider, machine.id);
      const attempts = await store.transaction(async (uow) =>
        (await uow.attempts.live(machine.id)).map(({ id }) => id),
      );
      const { epoch } = machine;
      await this.#send({ type: "welcome", body: { epoch, token, heartbeatSeconds: HEARTBEAT_SECONDS, attempts } });
      return machine;
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      await this.#sendProblem(null, error);
      this.close(
        CLOSE_OF[codeOf(error) ?? ""] ?? CLOSE.unauthenticated,
        error instanceof Error ? error.message.slice(0, 100) : "refused",
      );
      return undefined;
    }
  }

  async #take(machine: MachineRecord, text: string): Promise<void> {
    let of: string | null = null;
    try {
      const { id, message } = parseMessage(text);
      of = id;
      if (message.type === "hello")
        throw new CorepoolError("bad-request", { detail: "The agent has said hello already." });
      if (message.type === "probe-answer") {
        const { request, answer, frozen } = message.body;
        const asked = this.#probes.get(request);
        if (asked !== undefined) asked(answer === null ? undefined : { answer, frozen });
        else if (request.startsWith(REMOTE)) await this.#pass(request, { answer, frozen });
        this.#probes.delete(request);
        return;
      }
      if (message.type === "log") return await this.#logs?.add({ id, body: message.body });
      // Whoever is told of the end must find the whole log.
      if (message.type === "ended") await this.#logs?.idle();
      if (message.type === "problem") this.#sendAgain(machine, message.body.of);
      const { acknowledge, answers } = await handleMessage(this.#parts, machine, message);
      for (const answer of answers) await this.#send(answer);
      if (acknowledge) await this.#send({ type: "ack", body: { of: id } });
    } catch (error) {
      if (error instanceof Outdated) throw error;
      if (codeOf(error) === undefined) this.#parts.onTrouble(error, machine.id);
      await this.#sendProblem(of, error);
      if (of === null) this.close(CLOSE.badMessage, "malformed message");
    }
  }

  /** Never rejects: what goes wrong is told to the agent, or ends the connection. */
  async #storeLog(machine: MachineRecord, attempt: string, messages: readonly LogMessage[]): Promise<void> {
    try {
      if (this.#over.signal.aborted) return;
      const offset = await storeLog(this.#parts, machine, attempt, messages);
      await this.#send({ type: "log-ack", body: { attempt, offset } });
    } catch (error) {
      if (error instanceof Outdated) {
        this.#broken(error);
        return;
      }
      if (codeOf(error) === undefined) this.#parts.onTrouble(error, machine.id);
      // None of them is stored: the first stands for all.
      await this.#sendProblem(messages[0]?.id ?? null, error).catch((failed: unknown) => this.#broken(failed));
    }
  }

  /** The probe came from another process through the machine's box: its answer goes back the same way. */
  #pass(request: string, answer: ProbeAnswerRecord): Promise<void> {
    const now = this.#parts.context.clock.now();
    return this.#parts.store.transaction((uow) => uow.probes.leave(request, answer, now, now - FORGET_MS));
  }

  /** A message of the box that the agent refused stays there; those that must arrive are tried again. */
  #sendAgain(machine: MachineRecord, of: string | null): void {
    const seq = /^m(\d{1,18})$/.exec(of ?? "")?.[1];
    if (seq === undefined) return;
    const { clock } = this.#parts.context;
    clock
      .sleep(AGAIN_MS, this.#over.signal)
      .then(() => {
        this.#sent.delete(BigInt(seq));
        return this.flush();
      })
      .catch((error: unknown) => {
        if (!this.#over.signal.aborted) this.#parts.onTrouble(error, machine.id);
      });
  }

  /** Sends what lies in the machine's box and was not sent on this connection. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flushOnce());
    return this.#flushing;
  }

  async #flushOnce(): Promise<void> {
    const { machine } = this;
    if (machine === undefined || this.#over.signal.aborted) return;
    try {
      const { current, box } = await this.#parts.store.transaction(async (uow) => {
        const current = (await uow.machines.get(machine.id))?.epoch === machine.epoch;
        const box = await uow.messages.of(machine.id);
        // A probe is sent once: whoever asked may have died, and nobody else takes it out of the box.
        const probes = current ? box.filter(({ message }) => message.type === "probe") : [];
        for (const { seq } of probes) await uow.messages.acknowledge(machine.id, seq);
        return { current, box };
      });
      if (!current) {
        this.close(CLOSE.replaced, "a newer connection has taken over");
        return;
      }
      const there = new Set(box.map(({ seq }) => seq));
      this.#sent = new Set([...this.#sent].filter((seq) => there.has(seq)));
      for (const { seq, message } of box) {
        if (this.#sent.has(seq)) continue;
        this.#sent.add(seq);
        await this.#connection.send(formatMessage(`m${seq}`, toAgent.parse(message)));
      }
    } catch (error) {
      if (this.#over.signal.aborted) return;
      this.#parts.onTrouble(error, machine.id);
      // No further notification need come: what lies in the box is looked for again.
      this.#flushLater(machine);
    }
  }

  #flushLater(machine: MachineRecord): void {
    this.#parts.context.clock
      .sleep(AGAIN_MS, this.#over.signal)
      .then(() => this.flush())
      .catch((error: unknown) => {
        if (!this.#over.signal.aborted) this.#parts.onTrouble(error, machine.id);
      });
  }

  /** Sends a nonce through the lease's sandbox; undefined when no answer came in time. */
  async probe(lease: Hex, nonce: Hex, timeoutMs: number): Promise<ProbeAnswer | undefined> {
    if (this.#over.signal.aborted || this.#probes.size >= MOST_PROBES) return undefined;
    const request = `p${++this.#count}`;
    const enough = new AbortController();
    const answered = new Promise<ProbeAnswer | undefined>((resolve) => this.#probes.set(request, resolve));
    const late = this.#parts.context.clock
      .sleep(timeoutMs, AbortSignal.any([enough.signal, this.#over.signal]))
      // An answer, or the end of the connection, ends the wait.
      .catch(() => undefined)
      .then(() => undefined);
    try {
      await this.#send({ type: "probe", body: { request, lease, nonce } });
      return await Promise.race([answered, late]);
    } finally {
      this.#probes.delete(request);
      enough.abort();
    }
  }

  async #send(message: ToAgent): Promise<void> {
    if (this.#over.signal.aborted) return;
    await this.#connection.send(formatMessage(`g${++this.#count}`, message));
  }

  async #sendProblem(of: string | null, error: unknown): Promise<void> {
    const code = codeOf(error);
    const known = code !== undefined && isProblemCode(code);
    const detail = known && error instanceof Error ? error.message.slice(0, 2000) : "Something broke on our side.";
    await this.#send({ type: "problem", body: { of, code: known ? code : "internal", detail } });
  }
}
