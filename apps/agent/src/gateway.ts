import { CorepoolError, codeOf } from "@corepool/core/errors";
import { sameAddress, toHex } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";
import type { Signer } from "@corepool/core/ports/signer";
import type { Connection, Transport } from "@corepool/core/ports/transport";
import { CLOSE, type FromAgent, type ToAgent } from "@corepool/protocol/agent";
import { agentHelloData, type MarketDomain } from "@corepool/protocol/eip712";
import { isProblemCode, PROBLEMS } from "@corepool/protocol/problems";
import type { Journal } from "./journal.ts";
import type { AttemptRecord, ReleasedLease } from "./journal-entries.ts";
import { LogTurns } from "./log-turns.ts";
import type { Identity, KeyAgreement, Log } from "./ports.ts";
import { decode, encode, type Incoming } from "./wire.ts";

/** What the gateway calls when something comes in. */
export interface GatewayHandlers {
  /** Signed in; unacknowledged messages have been sent again. */
  onWelcome(welcome: Incoming<"welcome">): Promise<void>;
  /** One message. Rejecting answers it with a problem; messages of type assign, stop and note are acknowledged otherwise. */
  onMessage(message: ToAgent): Promise<void>;
  /** The body of the next heartbeat. */
  heartbeat(): Extract<FromAgent, { type: "heartbeat" }>;
}

export interface GatewayOptions {
  readonly url: string;
  readonly domain: MarketDomain;
  readonly identity: Identity;
  readonly keys: KeyAgreement;
  readonly signer: Signer;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly journal: Journal;
  readonly log: Log;
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 15_000;
/** While nobody listens there is nobody to spare: the line is up soon after its coordinator. */
const LONGEST_UNHEARD_MS = 3_000;
const SIGN_IN_MS = 15_000;
/** Messages handled at once; beyond it the connection is not read, and the coordinator feels it. */
const MOST_AT_ONCE = 128;
const MOST_MALFORMED = 20;
/** A message that the coordinator could not take for now is sent again after so long. */
const AGAIN_MS = 2_000;
/** What the market's rules refuse is offered again after so long: rules change, and machines are mended. */
const REFUSED_AGAIN_MS = 600_000;
/** Offers that are refused for another reason are sent again after so long: the coordinator's clock may have been wrong. */
const OFFERS_AGAIN_MS = 60_000;
/** Answered with an acknowledgement once they are durable here. */
const ACKNOWLEDGED: ReadonlySet<string> = new Set(["assign", "stop", "note", "release"]);

/** One signed-in connection. Whatever belongs to an older one is ignored. */
interface Link {
  readonly connection: Connection;
  readonly over: AbortController;
}

/**
 * The agent's one line to its coordinator: dials out, signs in, sends again what was not acknowledged, and dials again
 * with growing, jittered pauses whenever the line breaks.
 */
export class Gateway {
  /** In which the logs of all jobs share the line. */
  readonly logTurns: LogTurns;
  readonly #options: GatewayOptions;
  #link: Link | undefined;
  #token: string | undefined;
  #sent = 0;
  /** The newest announcement, until it is acknowledged. */
  #announcement: { readonly id: string; readonly message: FromAgent; beats: number; refused: boolean } | undefined;
  /** Why the market does not take this machine, as it was last logged. */
  #refusal: string | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.logTurns = new LogTurns(options.clock);
  }

  /** Bearer for blobs, of the newest sign-in. Undefined before the first. */
  get token(): string | undefined {
    return this.#token;
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  /**
   * Changes an attempt and tells the coordinator, who must acknowledge it: both durable first, and sent again after
   * every reconnect until it is.
   */
  async post(attempt: string, change: Partial<AttemptRecord>, message: FromAgent): Promise<void> {
    await this.#keep(message, (out) => this.#options.journal.change(attempt, change, out));
  }

  /** Releases a lease: durable first, with the agreement to close it, which is sent until it is acknowledged. */
  async release(lease: ReleasedLease, message: FromAgent): Promise<void> {
    await this.#keep(message, (out) => this.#options.journal.release(lease, out));
  }

  async #keep(
    message: FromAgent,
    write: (out: { readonly id: string; readonly message: FromAgent }) => Promise<void>,
  ): Promise<void> {
    const id = toHex(this.#options.random.bytes(12));
    const written = write({ id, message });
    const before = this.#link;
    await written;
    // A line that came up meanwhile has sent it with the others.
    if (this.#link === before) await this.tell(message, id);
  }

  /**
   * Says what holds now, in the place of what was announced before: again with every heartbeat until the coordinator
   * has acknowledged it. Not kept across connections; announce again after each welcome.
   */
  async announce(message: FromAgent): Promise<void> {
    const id = toHex(this.#options.random.bytes(12));
    this.#announcement = { id, message, beats: 0, refused: false };
    await this.tell(message, id);
  }

  /** Sends a message if there is a line now. Resolves when the network took it, or it was dropped. */
  async tell(message: FromAgent, id = `n${this.#sent++}`): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    try {
      await link.connection.send(encode(id, message));
    } catch {
      link.over.abort();
    }
  }

  /** Keeps the line up until `signal` aborts. */
  async run(handlers: GatewayHandlers, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      let heard = false;
      try {
        await this.#once(handlers, signal, {
          dialled: () => {
            heard = true;
          },
          signedIn: () => {
            failures = 0;
          },
        });
      } catch (error) {
        if (signal.aborted) break;
        log.warn("gateway.lost", { code: codeOf(error) ?? "internal", detail: messageOf(error) });
      }
      failures++;
      const [byte = 0] = random.bytes(1);
      const ceiling = Math.min(
        heard ? LONGEST_DELAY_MS : LONGEST_UNHEARD_MS,
        FIRST_DELAY_MS * 2 ** Math.min(failures, 10),
      );
      await clock.sleep((ceiling * (128 + byte / 2)) / 256, signal).catch(() => undefined);
    }
  }

  async #once(
    handlers: GatewayHandlers,
    signal: AbortSignal,
    tell: { readonly dialled: () => void; readonly signedIn: () => void },
  ): Promise<void> {
    const { url, transport, log, journal } = this.#options;
    const connection = await transport.dial(url, signal);
    tell.dialled();
    const over = new AbortController();
    const stop = () => over.abort();
    signal.addEventListener("abort", stop, { once: true });
    over.signal.addEventListener("abort", () => connection.close(CLOSE.goingAway, "the agent hangs up"), {
      once: true,
    });
    try {
      const messages = untilAborted(connection.messages[Symbol.asyncIterator](), over.signal);
      const welcome = await this.#signIn(connection, messages, over);
      const link: Link = { connection, over };
      this.#link = link;
      this.#token = welcome.token;
      tell.signedIn();
      log.info("gateway.signed-in", { epoch: welcome.epoch, unacknowledged: journal.outbox.size });
      // All at once, so that nothing posted meanwhile overtakes them.
      await Promise.all([...journal.outbox].map(([id, message]) => this.tell(message, id)));
      await handlers.onWelcome(welcome);
      const beating = this.#beat(handlers, welcome.heartbeatSeconds, over.signal);
      await this.#receive(link, messages, handlers);
      over.abort();
      await beating;
    } finally {
      if (this.#link?.connection === connection) this.#link = undefined;
      signal.removeEventListener("abort", stop);
      over.abort();
    }
  }

  async #signIn(
    connection: Connection,
    messages: AsyncIterator<string>,
    over: AbortController,
  ): Promise<Incoming<"welcome">> {
    const { domain, identity, keys, signer, clock } = this.#options;
    const settled = new AbortController();
    const deadline = clock.sleep(SIGN_IN_MS, settled.signal).then(
      () => over.abort(),
      () => undefined,
    );
    try {
      const challenge = await expect(messages, "challenge");
      if (challenge.chainId !== domain.chainId || !sameAddress(challenge.market, domain.market)) {
        throw new CorepoolError("wrong-chain", {
          detail: `The coordinator serves market ${challenge.market} on chain ${challenge.chainId}; this agent is set to ${domain.market} on chain ${domain.chainId}.`,
          next: "Correct COREPOOL_COORDINATOR_URL, COREPOOL_RPC_URL or COREPOOL_MARKET.",
        });
      }
      const signature = await signer.signTypedData(
        agentHelloData(domain, identity.provider, identity.machine, challenge.nonce),
      );
      const { provider, machine, salt, version } = identity;
      const hello = { provider, machine, salt, signature, publicKey: keys.publicKey, agentVersion: version };
      await connection.send(encode(`n${this.#sent++}`, { type: "hello", body: hello }));
      return await expect(messages, "welcome");
    } finally {
      settled.abort();
      await deadline;
    }
  }

  /** Reads until the line ends. Handlers run side by side, so that a slow one does not hold up a probe. */
  async #receive(link: Link, messages: AsyncIterator<string>, handlers: GatewayHandlers): Promise<void> {
    const { journal } = this.#options;
    const running = new Set<Promise<void>>();
    let malformed = 0;
    for (;;) {
      const next = await messages.next();
      if (next.done === true || this.#link !== link) break;
      let decoded: ReturnType<typeof decode>;
      try {
        decoded = decode(next.value);
      } catch (error) {
        const of = error instanceof CorepoolError ? error.data.of : null;
        await this.#refuse(typeof of === "string" ? of : null, error);
        if (++malformed < MOST_MALFORMED) continue;
        link.connection.close(CLOSE.badMessage, "too many malformed messages");
        break;
      }
      const { id, message } = decoded;
      if (message.type === "ack") {
        if (this.#announcement?.id === message.body.of) {
          this.#announcement = undefined;
          this.#refusal = undefined;
        }
        void journal.acked(message.body.of);
        continue;
      }
      if (message.type === "problem" && message.body.of !== null) {
        void this.#refused(message.body.of, message.body, link);
      }
      const work: Promise<void> = this.#handle(id, message, handlers, link).finally(() => running.delete(work));
      running.add(work);
      if (running.size >= MOST_AT_ONCE) await Promise.race(running);
    }
    await Promise.all(running);
  }

  /** The coordinator did not take a message: what it may take later is sent again, what it never will is dropped. */
  async #refused(id: string, problem: Incoming<"problem">, link: Link): Promise<void> {
    const { journal, clock, log } = this.#options;
    const { code } = problem;
    const announced = this.#announcement?.id === id;
    const never = code !== "internal" && !("retryable" in PROBLEMS[code]);
    if (announced && never) return this.#notOffered(id, problem, link);
    if (!announced && !journal.outbox.has(id)) return;
    if (never) {
      log.error("gateway.message-dropped", { id, code });
      return journal.acked(id);
    }
    await clock.sleep(AGAIN_MS, link.over.signal).catch(() => undefined);
    const message = journal.outbox.get(id);
    if (message !== undefined && this.#link === link) await this.tell(message, id);
  }

  /** The market takes no machine like this one, or not these offers: said once, and tried again now and then. */
  async #notOffered(id: string, { code, detail }: Incoming<"problem">, link: Link): Promise<void> {
    const { clock, log } = this.#options;
    const announcement = this.#announcement;
    if (announcement === undefined || announcement.refused) return;
    announcement.refused = true;
    const rules = code === "machine-weak";
    if (this.#refusal !== detail)
      log.error(rules ? "gateway.machine-refused" : "gateway.offers-refused", { code, detail });
    this.#refusal = detail;
    await clock.sleep(rules ? REFUSED_AGAIN_MS : OFFERS_AGAIN_MS, link.over.signal).catch(() => undefined);
    if (this.#announcement?.id !== id || this.#link !== link) return;
    announcement.refused = false;
    await this.tell(announcement.message, id);
  }

  async #handle(id: string, message: ToAgent, handlers: GatewayHandlers, link: Link): Promise<void> {
    try {
      await handlers.onMessage(message);
      if (this.#link !== link) return;
      if (ACKNOWLEDGED.has(message.type)) await this.tell({ type: "ack", body: { of: id } });
    } catch (error) {
      if (this.#link === link) await this.#refuse(id, error);
    }
  }

  async #refuse(of: string | null, error: unknown): Promise<void> {
    const code = codeOf(error);
    const known = code !== undefined && isProblemCode(code) ? code : "internal";
    this.#options.log.warn("gateway.refused", { of, code: known, detail: messageOf(error) });
    const detail = (known === "internal" ? "The agent failed to handle this message." : messageOf(error)).slice(
      0,
      2000,
    );
    await this.tell({ type: "problem", body: { of, code: known, detail } });
  }

  async #beat(handlers: GatewayHandlers, seconds: number, signal: AbortSignal): Promise<void> {
    const pause = Math.max(1, seconds) * 1000;
    while (!signal.aborted) {
      await this.tell(handlers.heartbeat());
      const waiting = this.#announcement;
      // Not with the very next beat: the answer may be on its way.
      if (waiting !== undefined && !waiting.refused && ++waiting.beats > 1)
        await this.tell(waiting.message, waiting.id);
      await this.#options.clock.sleep(pause, signal).catch(() => undefined);
    }
  }
}

/** The same messages; ends as soon as `signal` aborts, even when the far end neither sends nor hangs up. */
function untilAborted(messages: AsyncIterator<string>, signal: AbortSignal): AsyncIterator<string> {
  const over: IteratorResult<string> = { done: true, value: undefined };
  // One listener for all waits: racing each against one promise would keep them all until the end.
  let give: (result: IteratorResult<string>) => void = () => undefined;
  signal.addEventListener("abort", () => give(over), { once: true });
  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return resolve(over);
        give = resolve;
        messages.next().then(resolve, reject);
      }),
  };
}

/** The next message, which must be of the given type. */
async function expect<T extends "challenge" | "welcome">(
  messages: AsyncIterator<string>,
  type: T,
): Promise<Incoming<T>> {
  const next = await messages.next();
  if (next.done === true) {
    throw new CorepoolError("coordinator-unreachable", {
      detail: `The coordinator hung up before its ${type}.`,
      next: "Wait; the agent tries again.",
    });
  }
  const { message } = decode(next.value);
  if (message.type === "problem") {
    throw new CorepoolError(message.body.code, {
      detail: `The coordinator refused the agent's sign-in: ${message.body.detail}`,
      next: "Check the provider's key and the market.",
    });
  }
  if (message.type !== type) {
    throw new CorepoolError("bad-request", { detail: `The coordinator sent ${message.type} where ${type} belongs.` });
  }
  return message.body as Incoming<T>;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
