import { CorepoolError, codeOf } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import { paymentOverdue } from "@corepool/core/payment";
import type { SandboxHandle, SandboxResult } from "@corepool/core/ports/runtime";
import { move } from "@corepool/core/transitions";
import { ATTEMPT, type AttemptState } from "@corepool/core/workload";
import type { TermsMessage } from "@corepool/protocol/spec";
import type { AttemptDeps } from "./attempt-deps.ts";
import { closeAttempt } from "./closing.ts";
import { type DrainPatience, drainLog } from "./drain.ts";
import type { AttemptRecord, StopReason } from "./journal-entries.ts";
import { stillLive } from "./lease-now.ts";
import { LogShipper } from "./log-shipper.ts";
import { checkNote, coveredMs } from "./meter.ts";
import { collectOutputs } from "./outputs.ts";
import { paidInTime } from "./own-close.ts";
import { messageOf, PreparationFailed, prepareSandbox } from "./prepare.ts";
import { closeRequested } from "./requested-close.ts";
import { sampleUsage } from "./sample.ts";
import { ServedClock } from "./served-clock.ts";
import { type Ending, endingOf, sortedOutputs, usageReport } from "./usage.ts";
import type { Incoming } from "./wire.ts";

/** How long a workload has to end by itself after it was asked to. */
const STOP_GRACE_MS = 10_000;
/** How often the meter looks, at least. */
const METER_MS = 500;
/** How long the end is held back for the rest of the log, and how long the wiping after it. */
const DRAIN = { connectedMs: 15_000, totalMs: 120_000 } as const;
const LAST_DRAIN = { connectedMs: 60_000, totalMs: 60_000 } as const;
/** Longest pause before a step that failed is tried again. */
const LONGEST_PAUSE_MS = 60_000;

/**
 * One attempt, from its assignment to the end of its lease. `run` walks through the states of ATTEMPT from wherever the
 * journal has it, so that a restart simply runs again; the other methods tell it what the coordinator said.
 */
export class Attempt {
  readonly id: string;
  readonly #deps: AttemptDeps;
  readonly #stopping = new AbortController();
  #handle: Promise<SandboxHandle | undefined> | undefined;
  #served: ServedClock | undefined;
  /** How the sandbox is known to be: undefined after a restart, and when a call to change it failed. */
  #sandboxIs: "running" | "frozen" | undefined;
  #logs: LogShipper | undefined;
  #changed = Promise.withResolvers<void>();
  #forgotten = false;
  #saidClosed = false;

  constructor(id: string, deps: AttemptDeps) {
    this.id = id;
    this.#deps = deps;
    if (this.record.stop !== null) this.#stopping.abort();
  }

  get record(): AttemptRecord {
    return this.#deps.journal.record(this.id);
  }

  /** Walks on until the lease is closed and the attempt forgotten, or `signal` aborts; then nothing of it is lost. */
  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake, { once: true });
    let failures = 0;
    while (!signal.aborted && !this.#forgotten) {
      try {
        await this.#step(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted || codeOf(error) === "interrupted") break;
        // A disk or a tool may recover; what the workload is owed does not change meanwhile.
        this.#deps.log.error("attempt.failed-step", {
          attempt: this.id,
          code: codeOf(error),
          detail: messageOf(error),
        });
        const pause = Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** failures++);
        await this.#deps.clock.sleep(pause, signal).catch(() => undefined);
      }
    }
    signal.removeEventListener("abort", wake);
  }

  async #step(signal: AbortSignal): Promise<void> {
    switch (this.record.state) {
      case "assigned":
        if (this.record.refusal === null) return this.#enter("preparing", null);
        return this.#end({ reason: "refused-by-agent", exitCode: -1 }, undefined, [], 0, this.record.refusal);
      case "preparing":
        return this.#prepare(signal);
      case "running":
      case "frozen":
        return this.#serve(signal);
      case "collecting":
        return this.#collect(signal);
      case "ended":
        this.#forgotten = await closeAttempt(this.id, this.#deps, {
          handle: await this.#reattached(),
          drained: (handle) => this.#drain(this.#startLogs(handle, signal), LAST_DRAIN, signal),
          changed: (ms) => this.#orChanged(signal, ms),
          saidClosed: () => this.#saidClosed,
          signal,
        });
    }
  }

  // --- what the coordinator says ---

  /** A payment note. Resolves with whether it changed anything. Rejects with `note-…` or `bad-signature`. */
  async note(note: Incoming<"note">): Promise<boolean> {
    const before = this.record;
    if (before.closeSent) {
      throw new CorepoolError("lease-not-open", {
        detail: `The provider has agreed to close lease ${before.assignment.lease} with its best note already.`,
        next: "Nothing more is owed.",
      });
    }
    const best = BigInt(before.note?.total ?? "0");
    const { lease, terms } = before.assignment;
    const total = await checkNote(note, {
      domain: this.#deps.domain,
      lease,
      terms,
      best,
      now: this.#deps.chainTime.now(),
    });
    // Another note may have come while this one was checked.
    const better = total > BigInt(this.record.note?.total ?? "0");
    if (!better && (note.over === null || this.record.lastNote)) return false;
    await this.#deps.journal.change(this.id, {
      ...(better ? { note: { total: note.total, signature: note.signature } } : {}),
      ...(note.over === null ? {} : { lastNote: true }),
    });
    this.#wake();
    return true;
  }

  /** A nonce through the sandbox. Null when there is none to answer. */
  async probe(nonce: Hex): Promise<{ readonly answer: Hex | null; readonly frozen: boolean }> {
    const frozen = this.record.state === "frozen";
    if (!["running", "frozen"].includes(this.record.state)) return { answer: null, frozen };
    const handle = await this.#reattached();
    const answer = await handle?.probe(Buffer.from(nonce.slice(2), "hex")).catch(() => undefined);
    return { answer: answer === undefined ? null : `0x${Buffer.from(answer).toString("hex")}`, frozen };
  }

  /** The attempt shall end. Durable when it resolves; the first reason stands. */
  async stop(reason: StopReason): Promise<void> {
    if (this.record.stop === null && this.record.state !== "ended") {
      await this.#deps.journal.change(this.id, { stop: reason });
    }
    this.#stopping.abort();
    this.#wake();
  }

  /**
   * The lease has other terms: a re-org opened it anew, at other times, and what was promised before counts on; or its
   * client asked to close it.
   */
  async reopened(terms: TermsMessage, openTx: Hex): Promise<void> {
    const { assignment } = this.record;
    await this.#deps.journal.change(this.id, { assignment: { ...assignment, terms, openTx } });
    if (terms.closeAt !== 0) return this.stop("stopped-by-client");
    const { startedAtMs } = this.record;
    if (startedAtMs === null || !["running", "frozen"].includes(this.record.state)) return;
    const left = terms.end - this.#deps.chainTime.now();
    const passed = (this.#deps.clock.now() - startedAtMs) / 1000;
    const handle = await this.#reattached();
    await handle?.extend(Math.min(assignment.spec.durationSeconds, Math.max(1, passed + left)));
  }

  /** The coordinator says that the lease is closed. */
  async closed(lease: Hex): Promise<void> {
    if (lease.toLowerCase() !== this.record.assignment.lease.toLowerCase()) return;
    this.#saidClosed = true;
    this.#wake();
    if (this.record.state === "ended" || (await stillLive(this.id, this.#deps))) return;
    await this.stop("stopped-by-client");
  }

  logStored(offset: number): void {
    this.#logs?.acknowledged(offset);
  }

  /** The line to the coordinator is up again. */
  reconnected(): void {
    this.#wake();
    this.#logs?.resend();
  }

  // --- preparing ---

  async #prepare(signal: AbortSignal): Promise<void> {
    const aborted = AbortSignal.any([signal, this.#stopping.signal]);
    try {
      const prepared = await prepareSandbox(this.record, this.#deps, aborted);
      this.#handle = Promise.resolve(prepared);
      this.#sandboxIs = "running";
      await this.#enter("running", null, { slot: prepared.slot, startedAtMs: this.#deps.clock.now() });
    } catch (error) {
      if (signal.aborted || codeOf(error) === "interrupted") throw error;
      const { stop } = this.record;
      if (stop !== null) return await this.#end({ reason: stop, exitCode: -1 }, undefined, [], 0, null);
      const reason = error instanceof PreparationFailed ? error.reason : "sandbox-error";
      this.#deps.log.warn("attempt.not-started", { attempt: this.id, reason, detail: messageOf(error) });
      await this.#end({ reason, exitCode: -1 }, undefined, [], 0, messageOf(error));
    }
  }

  // --- serving ---

  async #serve(signal: AbortSignal): Promise<void> {
    const handle = await this.#reattached();
    if (handle === undefined) return this.#enter("collecting", "the sandbox is gone");
    const over = new AbortController();
    const stop = () => over.abort();
    signal.addEventListener("abort", stop, { once: true });
    this.#startLogs(handle, signal);
    const metering = this.#whileServing(over.signal, () => this.#meter(handle, over.signal));
    const stopping = this.#whileServing(over.signal, () => this.#stopWhenAsked(handle, over.signal));
    const sampling = this.#whileServing(over.signal, () => this.#sample(handle, over.signal));
    const leaving = this.#whileServing(over.signal, async () => {
      if (await closeRequested(this.id, this.#deps, over.signal)) await this.stop("stopped-by-client");
    });
    try {
      await orAborted(handle.wait(), signal);
    } finally {
      over.abort();
      signal.removeEventListener("abort", stop);
      await Promise.all([metering, stopping, sampling, leaving]);
    }
    await this.#enter("collecting", null, this.#frozenTime());
  }

  /** Keeps work beside a running workload going: it fails harmlessly when the workload ends under it. Never rejects. */
  async #whileServing(over: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#deps;
    while (!over.aborted) {
      try {
        return await work();
      } catch (error) {
        const code = codeOf(error);
        if (over.aborted || code === "sandbox-gone" || code === "interrupted") return;
        log.warn("attempt.trouble", { attempt: this.id, code, detail: messageOf(error) });
        await clock.sleep(METER_MS, over).catch(() => undefined);
      }
    }
  }

  async #sample(handle: SandboxHandle, over: AbortSignal): Promise<void> {
    const { clock, gateway, sampleMs: everyMs } = this.#deps;
    if (everyMs === undefined) return;
    await sampleUsage({ attempt: this.id, clock, handle, send: (message) => gateway.tell(message), everyMs }, over);
  }

  async #stopWhenAsked(handle: SandboxHandle, over: AbortSignal): Promise<void> {
    while (!over.aborted && this.record.stop === null) await this.#orChanged(over, undefined);
    if (!over.aborted) await handle.stop(STOP_GRACE_MS);
  }

  /** Freezes what is not paid for, ends what stays unpaid for the hold, thaws what is paid again. */
  async #meter(handle: SandboxHandle, over: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const { terms, lease } = this.record.assignment;
    const rate = BigInt(terms.rate);
    const covered = () => coveredMs(rate, BigInt(this.record.note?.total ?? "0"));
    // After a restart counting begins anew at what is paid: what passed meanwhile is the provider's. Of what was frozen
    // it is known how long it had run.
    const { state, servedMs } = this.record;
    const frozen = state === "frozen";
    const counted = frozen ? (servedMs ?? covered() + terms.grace * 1000 + 1) : covered();
    this.#served ??= new ServedClock(clock, counted, !frozen);
    const served = this.#served;
    const hold = this.record.unit.holdSeconds * 1000;
    let frozenSince = frozen ? clock.monotonic() : undefined;
    while (!over.aborted && this.record.stop === null) {
      const overdue = paymentOverdue(covered(), served.elapsedMs(), terms.grace * 1000);
      // The sandbox is brought to what is due, whatever a lost answer or a death left it in and the journal says.
      if (overdue && this.#sandboxIs !== "frozen") {
        this.#sandboxIs = undefined;
        served.pause();
        await handle.freeze();
        this.#sandboxIs = "frozen";
        frozenSince ??= clock.monotonic();
        if (this.record.state === "frozen") continue;
        await this.#enter("frozen", "no payment note came", { frozenAtMs: clock.now(), servedMs: served.elapsedMs() });
      } else if (!overdue && this.#sandboxIs !== "running") {
        this.#sandboxIs = undefined;
        await handle.thaw();
        served.resume();
        this.#sandboxIs = "running";
        frozenSince = undefined;
        if (this.record.state === "running") continue;
        await this.#enter("running", "paid again", this.#frozenTime());
      } else if (frozenSince !== undefined && clock.monotonic() - frozenSince > hold) {
        this.#deps.log.warn("attempt.unpaid", { attempt: this.id, lease });
        await this.stop("payment-stopped");
      } else {
        await this.#orChanged(over, METER_MS);
      }
    }
  }

  /** The time frozen so far, counted up to now. */
  #frozenTime(): Pick<AttemptRecord, "frozenAtMs" | "frozenMs"> {
    const { frozenAtMs, frozenMs } = this.record;
    const passed = frozenAtMs === null ? 0 : Math.max(0, this.#deps.clock.now() - frozenAtMs);
    return { frozenAtMs: null, frozenMs: frozenMs + passed };
  }

  // --- collecting ---

  async #collect(signal: AbortSignal): Promise<void> {
    const handle = await this.#reattached();
    if (handle === undefined) {
      const ending: Ending = { reason: "machine-lost", exitCode: -1 };
      return this.#end(ending, undefined, [], this.record.log.offset, "The sandbox and its workspace are gone.");
    }
    const logs = this.#startLogs(handle, signal);
    const result = await orAborted(handle.wait(), signal);
    const { outputs, detail } = await this.#meanwhilePaid(signal, async () => {
      const collected = await collectOutputs(handle, this.#deps.blobs, this.#deps.clock, signal);
      await this.#drain(logs, DRAIN, signal);
      return collected;
    });
    await this.#end(endingOf(result, this.record.stop), result, [...outputs], logs.bytes, detail);
  }

  /** However long the work takes, what is owed reaches the chain in time. */
  async #meanwhilePaid<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const done = new AbortController();
    const paying = paidInTime(this.id, this.#deps, AbortSignal.any([signal, done.signal]));
    try {
      return await work();
    } finally {
      done.abort();
      await paying;
    }
  }

  #drain(logs: LogShipper, patience: DrainPatience, signal: AbortSignal): Promise<void> {
    return drainLog(logs, this.#deps.gateway, this.#deps.clock, patience, signal);
  }

  /** The attempt is over: signs the report, and keeps it for as long as the coordinator has not taken it. */
  async #end(
    ending: Ending,
    result: SandboxResult | undefined,
    outputs: readonly { path: string; hash: `sha256:${string}`; sizeBytes: number }[],
    logBytes: number,
    detail: string | null,
  ): Promise<void> {
    const { clock, signReport, gateway, log } = this.#deps;
    const sorted = sortedOutputs(outputs);
    const record = { ...this.record, ...this.#frozenTime() };
    const report = usageReport(record, ending, sorted, result, clock.now());
    const signature = await signReport(report);
    move(ATTEMPT, `Attempt ${this.id}`, this.record.state, "ended");
    await gateway.post(
      this.id,
      { state: "ended", frozenAtMs: null, frozenMs: record.frozenMs },
      { type: "ended", body: { attempt: this.id, report, signature, outputs: sorted, logBytes, detail } },
    );
    log.info("attempt.ended", { attempt: this.id, reason: ending.reason, exitCode: ending.exitCode });
  }

  // --- common ---

  async #enter(
    to: Exclude<AttemptState, "assigned" | "ended">,
    note: string | null,
    change: Partial<AttemptRecord> = {},
  ): Promise<void> {
    const { gateway, clock, log } = this.#deps;
    move(ATTEMPT, `Attempt ${this.id}`, this.record.state, to);
    const body = { attempt: this.id, state: to, at: clock.now(), note };
    await gateway.post(this.id, { ...change, state: to }, { type: "attempt", body });
    log.info("attempt.moved", { attempt: this.id, to });
  }

  /** The sandbox, found again after a restart. When looking failed, the next who asks looks again. */
  async #reattached(): Promise<SandboxHandle | undefined> {
    if (this.#handle !== undefined) return this.#handle;
    const looking = this.#deps.runtime.attach(this.id).then((found) => found ?? undefined);
    this.#handle = looking;
    try {
      return await looking;
    } catch (error) {
      if (this.#handle === looking) this.#handle = undefined;
      throw error;
    }
  }

  /** Ships the log until it or the agent ends; started once. */
  #startLogs(handle: SandboxHandle, signal: AbortSignal): LogShipper {
    if (this.#logs !== undefined) return this.#logs;
    const { clock, gateway, journal, log } = this.#deps;
    const logs = new LogShipper({
      attempt: this.id,
      clock,
      handle,
      from: this.record.log,
      turns: gateway.logTurns,
      send: (message) => gateway.tell(message),
      stored: (to) => void journal.change(this.id, { log: to }),
    });
    this.#logs = logs;
    logs.run(signal).catch((error: unknown) => {
      if (!signal.aborted) log.warn("attempt.log-lost", { attempt: this.id, detail: messageOf(error) });
    });
    return logs;
  }

  /** Waits for news, at most `ms`. */
  async #orChanged(over: AbortSignal, ms: number | undefined): Promise<void> {
    const changed = this.#changed.promise;
    const wake = () => this.#wake();
    over.addEventListener("abort", wake, { once: true });
    const settled = new AbortController();
    const waits: Promise<unknown>[] = [changed];
    if (ms !== undefined) waits.push(this.#deps.clock.sleep(ms, settled.signal).catch(() => undefined));
    if (!over.aborted) await Promise.race(waits);
    settled.abort();
    over.removeEventListener("abort", wake);
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** What the promise gives, or a rejection with the signal's reason as soon as it aborts. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
