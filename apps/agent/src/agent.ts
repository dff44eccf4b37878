import { CorepoolError, codeOf } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import { hasEnded } from "@corepool/core/transitions";
import { ATTEMPT } from "@corepool/core/workload";
import type { FromAgent, ToAgent } from "@corepool/protocol/agent";
import { closeData } from "@corepool/protocol/eip712";
import { termsHash } from "@corepool/protocol/market/structs";
import type { UnitSpec } from "@corepool/protocol/spec";
import {
  type AdmissionContext,
  admit,
  boundToLease,
  notReleased,
  type OwnUnit,
  ownUnit,
  seeOnChain,
} from "./admission.ts";
import { Attempt } from "./attempt.ts";
import type { AttemptDeps } from "./attempt-deps.ts";
import type { Gateway } from "./gateway.ts";
import { type Assignment, newRecord } from "./journal-entries.ts";
import { leaseNow } from "./lease-now.ts";
import { listedTokens, OFFER_SECONDS, type OfferSettings, type OfferToken, offersOf, signOffers } from "./offers.ts";
import { messageOf } from "./prepare.ts";
import { type RegistrationSettings, registrationOf } from "./registration.ts";
import { destroyStrangers } from "./strangers.ts";
import type { Incoming } from "./wire.ts";

export interface AgentOptions extends AttemptDeps {
  readonly gateway: Gateway;
  readonly units: readonly UnitSpec[];
  readonly offer: OfferSettings;
  /** Absent: the units are not put on record on chain. */
  readonly registration: RegistrationSettings | undefined;
}

const TOKENS_RETRY_MS = 2_000;
const OFFERS_LOOK_MS = 10_000;
/** No chain that money is put on takes back a day. */
const RELEASED_SECONDS = 86_400;

/** The agent: offers its units, takes assignments, and serves each until its lease is closed. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #attempts = new Map<string, Attempt>();
  readonly #running = new Map<string, Promise<void>>();
  /** Assignments being checked, so that a repeat does not start a second one. */
  readonly #checking = new Map<string, Promise<void>>();
  readonly #leases = new Map<string, Promise<void>>();
  #own: readonly OwnUnit[] = [];
  #signal = AbortSignal.abort();
  #stage = "gateway";

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** What an end waits for now, a few words each. */
  get open(): readonly string[] {
    return [this.#stage, ...[...this.#running.keys()].map((id) => `attempt ${id}`)];
  }

  /** Goes on with what the journal holds, connects and serves until `signal` aborts. Sandboxes then live on. */
  async run(signal: AbortSignal): Promise<void> {
    const { journal, slots, log, gateway } = this.#options;
    this.#signal = signal;
    for (const [id, record] of journal.attempts) {
      if (record.slot !== null) slots.adopt(record.slot, id);
    }
    const strangers = await destroyStrangers(this.#options, signal);
    for (const id of [...journal.attempts.keys()]) this.#serve(id);
    log.info("agent.started", { attempts: journal.attempts.size, units: this.#options.units.length });
    const offering = this.#keepOffering(signal);
    await gateway.run(
      {
        onWelcome: () => this.#welcomed(),
        onMessage: (message) => this.#take(message),
        heartbeat: () => this.#heartbeat(),
      },
      signal,
    );
    this.#stage = "offers";
    await offering;
    this.#stage = "sandboxes";
    await strangers.rest;
    await this.#options.runtime.close();
    await Promise.all(this.#running.values());
  }

  #heartbeat(): Extract<FromAgent, { type: "heartbeat" }> {
    const attempts = [...this.#options.journal.attempts].map(([attempt, { state }]) => ({ attempt, state }));
    return { type: "heartbeat", body: { attempts: attempts.slice(0, 1024) } };
  }

  #serve(id: string): void {
    const attempt = new Attempt(id, this.#options);
    this.#attempts.set(id, attempt);
    const running = attempt.run(this.#signal).then(() => {
      this.#running.delete(id);
      // What is not over when the agent stops stays in the journal.
      if (!this.#signal.aborted) this.#attempts.delete(id);
    });
    this.#running.set(id, running);
  }

  // --- offers ---

  async #keepOffering(signal: AbortSignal): Promise<void> {
    const { clock, chainTime } = this.#options;
    while (!signal.aborted) {
      await this.#offer(signal);
      await this.#forgetReleased();
      // Looked at often: a machine that sleeps, or whose clock is put right, would otherwise wake with offers long over.
      const half = chainTime.now() + OFFER_SECONDS / 2;
      while (!signal.aborted && chainTime.now() < half)
        await clock.sleep(OFFERS_LOOK_MS, signal).catch(() => undefined);
    }
  }

  async #welcomed(): Promise<void> {
    if (this.#own.length > 0) await this.#sendOffers();
    for (const attempt of this.#attempts.values()) attempt.reconnected();
  }

  async #offer(signal: AbortSignal): Promise<void> {
    const { clock, chain, domain, log, units, offer, chainTime } = this.#options;
    let tokens: readonly OfferToken[] | undefined;
    while (tokens === undefined && !signal.aborted) {
      try {
        // First of all the time: offers made by a clock that is behind would be over before they are sent.
        chainTime.seen(Number((await chain.head()).timestamp));
        tokens = await listedTokens(chain, domain, offer.provider);
      } catch (error) {
        log.warn("chain.unavailable", { detail: messageOf(error) });
        await clock.sleep(TOKENS_RETRY_MS, signal).catch(() => undefined);
      }
    }
    if (tokens === undefined) return;
    this.#own = offersOf(units, tokens, offer, chainTime.now());
    await this.#sendOffers();
  }

  async #sendOffers(): Promise<void> {
    const { domain, signer, units, gateway, chain, registration, log } = this.#options;
    const offers = [...(await signOffers(domain, signer, this.#own))];
    const calls = await registrationOf(units, registration, chain, signer, this.#options.chainTime.now()).catch(
      (error: unknown) => {
        log.warn("registration.not-made", { detail: messageOf(error) });
        return undefined;
      },
    );
    await gateway.announce({
      type: "offers",
      body: { units: [...units], offers, ...(calls === undefined ? {} : { registration: calls }) },
    });
  }

  // --- messages ---

  async #take(message: ToAgent): Promise<void> {
    switch (message.type) {
      case "assign":
        return this.#assign(message.body);
      case "probe": {
        const attempt = this.#byLease(message.body.lease);
        const answer = (await attempt?.probe(message.body.nonce)) ?? { answer: null, frozen: false };
        return this.#options.gateway.tell({
          type: "probe-answer",
          body: { request: message.body.request, ...answer },
        });
      }
      case "note": {
        const attempt = this.#byLease(message.body.lease);
        if (attempt === undefined) throw unknown(`lease ${message.body.lease}`);
        await attempt.note(message.body);
        return;
      }
      case "stop":
        // An attempt that is over and forgotten has been stopped.
        return this.#attempts.get(message.body.attempt)?.stop(message.body.reason);
      case "release":
        return this.#alone(message.body.lease, () => this.#release(message.body));
      case "log-ack":
        return this.#attempts.get(message.body.attempt)?.logStored(message.body.offset);
      case "closed":
        return this.#attempts.get(message.body.attempt)?.closed(message.body.lease);
      case "problem":
        return this.#options.log.warn("coordinator.problem", { ...message.body });
      case "challenge":
      case "welcome":
        throw new CorepoolError("bad-request", { detail: `${message.type} belongs to the beginning of a connection.` });
      case "ack":
        return;
    }
  }

  #byLease(lease: string): Attempt | undefined {
    return [...this.#attempts.values()].find(
      (attempt) => attempt.record.assignment.lease.toLowerCase() === lease.toLowerCase(),
    );
  }

  /** Resolves when the assignment is durable here, checked or refused. */
  async #assign(work: Incoming<"assign">): Promise<void> {
    const running = this.#checking.get(work.attempt);
    if (running !== undefined) return running;
    const checking = this.#alone(work.lease, () => this.#check(work)).finally(() =>
      this.#checking.delete(work.attempt),
    );
    this.#checking.set(work.attempt, checking);
    return checking;
  }

  /** Of one lease one thing at a time: what is being released must not begin to be served, nor the reverse. */
  async #alone(lease: string, work: () => Promise<void>): Promise<void> {
    const key = lease.toLowerCase();
    const before = this.#leases.get(key) ?? Promise.resolve();
    const turn = before.then(work);
    const over = turn.catch(() => undefined);
    this.#leases.set(key, over);
    try {
      return await turn;
    } finally {
      if (this.#leases.get(key) === over) this.#leases.delete(key);
    }
  }

  async #check(work: Assignment): Promise<void> {
    const { chain, domain, clock, journal, log } = this.#options;
    const known = this.#attempts.get(work.attempt);
    if (known !== undefined) return this.#reassign(known, work);
    const context = this.#context();
    const own = ownUnit(work, context);
    await seeOnChain(work, chain, domain, clock);
    this.#options.chainTime.seen(work.terms.start);
    let refusal: string | null = null;
    try {
      await boundToLease(work, domain);
      notReleased(work, journal.released);
      admit(work, own, this.#context());
    } catch (error) {
      if (codeOf(error) !== "agent-refused") throw error;
      refusal = messageOf(error);
    }
    const written = journal.begin(newRecord(work, refusal, own.spec));
    this.#serve(work.attempt);
    await written;
    log.info("attempt.assigned", { attempt: work.attempt, lease: work.lease, unit: work.terms.unit, refusal });
  }

  /** The same attempt again: no change, unless a re-org opened its lease anew with other times. */
  async #reassign(attempt: Attempt, work: Assignment): Promise<void> {
    const { chain, domain, clock } = this.#options;
    const before = attempt.record.assignment;
    if (before.lease.toLowerCase() !== work.lease.toLowerCase()) {
      throw new CorepoolError("agent-refused", {
        detail: `Attempt ${work.attempt} serves lease ${before.lease} and cannot serve ${work.lease}.`,
        next: "Assign a new lease as a new attempt.",
      });
    }
    if (termsHash(before.terms) === termsHash(work.terms)) return;
    await seeOnChain({ ...before, terms: work.terms }, chain, domain, clock);
    this.#options.chainTime.seen(work.terms.start);
    await attempt.reopened(work.terms, work.openTx);
  }

  /**
   * Agrees to close a lease under which nothing was served. One that an attempt serves is closed by that attempt. The
   * signature is as good as a refund, so it is given only once nothing can be served under the lease any more.
   */
  async #release(stray: Incoming<"release">): Promise<void> {
    const { chain, domain, clock, gateway, signer, log, chainTime } = this.#options;
    const { lease, terms } = stray;
    ownUnit(stray, this.#context());
    await seeOnChain(stray, chain, domain, clock);
    if (this.#byLease(lease) !== undefined) return;
    const closeSignature = await signer.signTypedData(closeData(domain, lease, BigInt(terms.paid)));
    await gateway.release(
      { lease, terms, at: chainTime.now() },
      { type: "close", body: { lease, total: terms.paid, noteSignature: null, closeSignature } },
    );
    log.info("lease.released", { lease, unit: terms.unit });
  }

  /** Forgets released leases that are over for so long that no re-org brings them back. */
  async #forgetReleased(): Promise<void> {
    const { journal, chainTime, log } = this.#options;
    for (const { lease, terms, at } of [...journal.released.values()]) {
      if (chainTime.now() < at + RELEASED_SECONDS) continue;
      try {
        if ((await leaseNow(terms, lease, this.#options)).state === "over") await journal.unrelease(lease);
      } catch (error) {
        log.warn("chain.unavailable", { lease, detail: messageOf(error) });
      }
    }
  }

  #context(): AdmissionContext {
    const { journal, domain, offer, chainTime } = this.#options;
    const busy = [...journal.attempts]
      .filter(([, { state }]) => !hasEnded(ATTEMPT, state))
      .map(([, { assignment, unit }]) => ({ lease: assignment.lease, devices: unit.devices }));
    return { domain, provider: offer.provider satisfies Address, units: this.#own, busy, now: chainTime.now() };
  }
}

function unknown(what: string): CorepoolError {
  return new CorepoolError("not-found", {
    detail: `Nothing here serves ${what}.`,
    next: "Look at the agent's heartbeat.",
  });
}
