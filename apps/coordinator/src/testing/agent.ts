import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Hex } from "@corepool/core/hex";
import { type FromAgent, type ToAgent, toAgent } from "@corepool/protocol/agent";
import {
  agentHelloData,
  closeData,
  digestOf,
  documentHash,
  type MarketDomain,
  machineId,
  usageReportData,
} from "@corepool/protocol/eip712";
import { deriveProbeKey, probeAnswer } from "@corepool/protocol/probe";
import type { OutputFile, UsageReport } from "@corepool/protocol/spec";
import { bytesToHex, hexToBytes } from "viem";
import { privateKeyToAccount, sign } from "viem/accounts";
import { WebSocket } from "ws";

export type Assign = Extract<ToAgent, { type: "assign" }>["body"];
type Incoming = ToAgent & { readonly id: string };

/** An agent that speaks the wire over a real WebSocket, and runs nothing: what it reports is what a test says. */
export class TestAgent {
  readonly key: Hex;
  readonly machine: Hex;
  readonly salt: Hex;
  readonly received: Incoming[] = [];
  token = "";
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** Whether assigns and stops are acknowledged by themselves. */
  acknowledges = true;
  /** Whether it says that what it serves is frozen. */
  frozen = false;
  /** Leases whose probes are answered, with the public key to answer for. */
  readonly serving = new Map<string, Hex>();
  readonly #domain: MarketDomain;
  #socket: WebSocket | undefined;
  #count = 0;

  constructor(domain: MarketDomain, key: Hex, salt: Hex = bytesToHex(randomBytes(32))) {
    this.#domain = domain;
    this.key = key;
    this.salt = salt;
    this.machine = machineId(privateKeyToAccount(key).address, salt);
  }

  #sign(data: Parameters<typeof digestOf>[0]): Promise<Hex> {
    return sign({ hash: digestOf(data), privateKey: this.key, to: "hex" });
  }

  /** Dials, answers the challenge and resolves once welcome; rejects when it is not. */
  async connect(url: string, hello: Partial<Extract<FromAgent, { type: "hello" }>["body"]> = {}): Promise<void> {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/v1/agent`);
    this.#socket = socket;
    this.closed = undefined;
    const from = this.received.length;
    socket.on("message", (data: Buffer) => this.#take(data.toString("utf8")));
    socket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString("utf8") };
    });
    socket.on("error", () => undefined);
    const challenge = await this.waitFor("challenge", () => true, from);
    const account = privateKeyToAccount(this.key);
    const machine = hello.machine ?? this.machine;
    this.send({
      type: "hello",
      body: {
        provider: account.address,
        machine,
        salt: this.salt,
        signature: await this.#sign(agentHelloData(this.#domain, account.address, machine, challenge.body.nonce)),
        publicKey: account.publicKey,
        agentVersion: "test",
        ...hello,
      },
    });
    const welcome = await this.waitFor("welcome", () => true, from);
    this.token = welcome.body.token;
  }

  #take(text: string): void {
    const json = JSON.parse(text) as { id: string };
    const message: Incoming = { ...toAgent.parse(json), id: json.id };
    this.received.push(message);
    if (this.acknowledges && (message.type === "assign" || message.type === "stop")) {
      this.send({ type: "ack", body: { of: message.id } });
    }
    if (message.type === "probe") {
      const { request, lease, nonce } = message.body;
      const publicKey = this.serving.get(lease);
      if (publicKey === undefined) return;
      const answer = bytesToHex(probeAnswer(deriveProbeKey(this.key, publicKey, lease), hexToBytes(nonce)));
      this.send({ type: "probe-answer", body: { request, answer, frozen: this.frozen } });
    }
  }

  /** Sends a message and returns its id. */
  send(message: FromAgent, id = `a${++this.#count}`): string {
    this.#socket?.send(JSON.stringify({ v: 1, id, ...message }));
    return id;
  }

  raw(text: string | Buffer): void {
    this.#socket?.send(text);
  }

  /** Sends a message and waits until it is acknowledged; rejects with the problem's code when it is not. */
  async say(message: FromAgent): Promise<void> {
    const from = this.received.length;
    const id = this.send(message);
    const answer = await this.waitForAny(
      (m) => (m.type === "ack" && m.body.of === id) || (m.type === "problem" && m.body.of === id),
      from,
    );
    if (answer.type === "problem") throw new Error(`${answer.body.code}: ${answer.body.detail}`);
  }

  async waitForAny(accept: (message: Incoming) => boolean, from = 0, ms = 10_000): Promise<Incoming> {
    for (let waited = 0; waited < ms; waited += 5) {
      const found = this.received.slice(from).find(accept);
      if (found !== undefined) return found;
      if (this.closed !== undefined) throw new Error(`closed: ${this.closed.code} ${this.closed.reason}`);
      await wait(5);
    }
    throw new Error(`waited in vain; received ${this.received.map((m) => m.type).join(", ")}`);
  }

  async waitFor<T extends ToAgent["type"]>(
    type: T,
    accept: (message: Extract<ToAgent, { type: T }>) => boolean = () => true,
    from = 0,
  ): Promise<Extract<ToAgent, { type: T }>> {
    const found = await this.waitForAny(
      (m) => m.type === type && accept(m as unknown as Extract<ToAgent, { type: T }>),
      from,
    );
    return found as unknown as Extract<ToAgent, { type: T }>;
  }

  /** Says that an attempt prepares and runs. */
  async run(assign: Assign): Promise<void> {
    this.serving.set(assign.lease, assign.leasePublicKey);
    const { attempt } = assign;
    await this.say({ type: "attempt", body: { attempt, state: "preparing", at: Date.now() - 1, note: null } });
    await this.say({ type: "attempt", body: { attempt, state: "running", at: Date.now(), note: null } });
  }

  async report(assign: Assign, changes: Partial<UsageReport> = {}, outputs: readonly OutputFile[] = []) {
    const now = Date.now();
    const report: UsageReport = {
      lease: assign.lease,
      attempt: assign.attempt,
      startedAtMs: String(now - 1_000),
      endedAtMs: String(now),
      frozenMs: "0",
      cpuMs: "10",
      maxRssBytes: "1000",
      exitCode: 0,
      reason: "exited",
      outputs: documentHash(outputs),
      ...changes,
    };
    return { report, signature: await this.#sign(usageReportData(this.#domain, report)) };
  }

  /** Says that an attempt ended. */
  async end(assign: Assign, changes: Partial<UsageReport> = {}, outputs: readonly OutputFile[] = []): Promise<void> {
    const signed = await this.report(assign, changes, outputs);
    await this.say({
      type: "ended",
      body: { attempt: assign.attempt, ...signed, outputs: [...outputs], logBytes: 0, detail: null },
    });
  }

  /** Agrees to close a lease with a note. */
  async close(lease: Hex, total: bigint, noteSignature: Hex | null): Promise<void> {
    const closeSignature = await this.#sign(closeData(this.#domain, lease, total));
    await this.say({ type: "close", body: { lease, total: String(total), noteSignature, closeSignature } });
  }

  /** Cuts the connection. */
  async cut(): Promise<void> {
    this.#socket?.terminate();
    while (this.#socket !== undefined && this.closed === undefined) await wait(2);
  }
}
