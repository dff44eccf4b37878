import { CorepoolError } from "@corepool/core/errors";
import { type Address, type Hex, sameAddress } from "@corepool/core/hex";
import { finalServedMs, NOTHING_SERVED, noteCap, priceOf, probeAnswered, type Served } from "@corepool/core/payment";
import { digestOf, leaseOverData, type MarketDomain, paymentNoteData } from "@corepool/protocol/eip712";
import { deriveProbeKey, probeAnswer } from "@corepool/protocol/probe";
import type { WorkloadView } from "@corepool/protocol/resources";
import { payLease, probeLease } from "@corepool/protocol/routes/workloads";
import type { TermsMessage } from "@corepool/protocol/spec";
import { bytesToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { call } from "./call.ts";
import { type Client, patient } from "./client.ts";
import { isOver } from "./follow.ts";
import type { LeaseKey } from "./lease-key.ts";
import { isAboutOutputs, isProvidersReport } from "./usage.ts";
import { createBell } from "./wake.ts";

/** What a watch needs to know of its lease: everything it signed for, so that nobody can change it later. */
export interface WatchedLease {
  readonly domain: MarketDomain;
  readonly lease: Hex;
  readonly key: LeaseKey;
  readonly client: Address;
  readonly provider: Address;
  readonly providerPublicKey: Hex;
  readonly token: Address;
  /** Base units per second. */
  readonly rate: bigint;
  readonly escrow: bigint;
  /** Of the offer that was accepted. */
  readonly graceSeconds: number;
}

/** How far a watch has come; enough to go on in another process. */
export interface WatchProgress {
  readonly provenMs: number;
  readonly total: bigint;
}

export type WatchEvent =
  | {
      readonly type: "note";
      readonly total: bigint;
      readonly provenMs: number;
      readonly last: boolean;
      readonly frozen: boolean;
    }
  /** A probe went unanswered or a check failed: no note was signed. */
  | { readonly type: "withheld"; readonly code: string; readonly detail: string };

export interface WatchOptions {
  readonly on?: ((event: WatchEvent) => void) | undefined;
  readonly saved?: WatchProgress | undefined;
  /** Asks the chain itself whether the lease is live with these terms. Without it the coordinator's word stands. */
  readonly isLive?: ((terms: TermsMessage) => Promise<boolean>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Watch {
  /** Tells the watch what the workload looks like now. */
  readonly see: (workload: WorkloadView) => void;
  /** Resolves when the workload is over. */
  readonly done: Promise<void>;
}

const agreed = (terms: TermsMessage, lease: WatchedLease): boolean =>
  sameAddress(terms.key, lease.key.address) &&
  sameAddress(terms.provider, lease.provider) &&
  sameAddress(terms.client, lease.client) &&
  sameAddress(terms.token, lease.token) &&
  BigInt(terms.rate) === lease.rate &&
  terms.grace === lease.graceSeconds &&
  BigInt(terms.escrow) <= lease.escrow;

/**
 * The watch of one lease. While the workload runs it sends a nonce through the sandbox every interval and signs the
 * next payment note only for time that right answers prove; at the end it signs the last note. What it signs is bounded
 * by its own clock and probes: the coordinator cannot make it pay for more. It never gives up by itself while the
 * coordinator is away; the agent freezes the workload after the grace and thaws it with the next note.
 */
export function watchLease(client: Client, lease: WatchedLease, options: WatchOptions = {}): Watch {
  const { clock } = client;
  const bell = createBell(clock);
  const signer = privateKeyToAccount(lease.key.privateKey);
  const probeKey = deriveProbeKey(lease.key.privateKey, lease.providerPublicKey, lease.lease);
  let workload: WorkloadView | undefined;
  let served: Served = { ...NOTHING_SERVED, provenMs: options.saved?.provenMs ?? 0 };
  let total = options.saved?.total ?? 0n;
  let checked = "";
  let settled = "";

  const pay = async (terms: TermsMessage, amount: bigint, last: boolean, frozen: boolean): Promise<void> => {
    const cap = noteCap(
      { rate: lease.rate, escrow: lease.escrow, start: terms.start, end: terms.end, graceSeconds: lease.graceSeconds },
      clock.now() / 1000,
    );
    const capped = amount < cap ? amount : cap;
    total = capped > total ? capped : total;
    const signature = await signer.sign({ hash: digestOf(paymentNoteData(lease.domain, lease.lease, total)) });
    const over = last
      ? { over: await signer.sign({ hash: digestOf(leaseOverData(lease.domain, lease.lease, total)) }) }
      : {};
    await call(
      patient(client, 0, 10_000),
      payLease,
      { params: { id: lease.lease }, body: { total: String(total), signature, ...over } },
      { signal: options.signal },
    );
    options.on?.({ type: "note", total, provenMs: served.provenMs, last, frozen });
  };

  /** Before the first note for these terms: they are what was signed for, and the chain holds the escrow. */
  const check = async (terms: TermsMessage): Promise<void> => {
    const print = JSON.stringify(terms);
    if (checked === print) return;
    if (!agreed(terms, lease))
      throw new CorepoolError("order-mismatch", { detail: "The lease does not have the terms that were signed for." });
    const live = options.isLive === undefined || (await options.isLive(terms));
    if (!live)
      throw new CorepoolError("lease-not-open", { detail: "The chain does not hold the lease with these terms." });
    checked = print;
  };

  const probe = async (terms: TermsMessage, intervalMs: number): Promise<void> => {
    await check(terms);
    const nonce = client.random.bytes(32);
    const sentAt = clock.monotonic();
    const answer = await call(
      patient(client, 0, Math.max(intervalMs, 2_000)),
      probeLease,
      { params: { id: lease.lease }, body: { nonce: bytesToHex(nonce) } },
      { signal: options.signal },
    );
    if (answer.answer.toLowerCase() !== bytesToHex(probeAnswer(probeKey, nonce))) {
      throw new CorepoolError("probe-refused", {
        detail: "The answer to the probe was not made by this lease's sandbox.",
      });
    }
    served = probeAnswered(served, sentAt, lease.graceSeconds * 1000, answer.frozen);
    await pay(terms, priceOf(lease.rate, served.provenMs), false, answer.frozen);
  };

  const settle = async (terms: TermsMessage, now: WorkloadView): Promise<void> => {
    const mine = now.attempts.filter((a) => a.lease.toLowerCase() === lease.lease.toLowerCase());
    // The process is over, but the agent still collects: its report decides what is owed.
    if (mine.some((a) => a.state !== "ended")) return;
    const usage = mine.find((a) => a.usage !== null);
    const key = usage?.id ?? "none";
    if (settled === key) return;
    let amount = priceOf(lease.rate, served.provenMs);
    if (usage?.usage && usage.usageSignature !== null) {
      const { usage: report, usageSignature } = usage;
      const honest = (await isProvidersReport(lease, report, usageSignature)) && isAboutOutputs(report, now.outputs);
      if (!honest)
        options.on?.({
          type: "withheld",
          code: "bad-signature",
          detail: "The usage report is not the provider's: only proven time is paid.",
        });
      else
        amount = priceOf(
          lease.rate,
          finalServedMs(
            served,
            Number(report.endedAtMs) - Number(report.startedAtMs) - Number(report.frozenMs),
            lease.graceSeconds * 1000,
          ),
        );
    }
    await pay(terms, amount, true, false);
    settled = key;
  };

  const step = async (): Promise<number> => {
    const terms = workload?.lease?.terms;
    const state = workload?.state;
    if (workload === undefined || terms === null || terms === undefined) return 60_000;
    const intervalMs = Math.max(1, workload.lease?.intervalSeconds ?? 1) * 1000;
    try {
      if (state === "running" || state === "frozen") await probe(terms, intervalMs);
      else if (state === "finishing") await settle(terms, workload);
      return state === "finishing" ? 2_000 : intervalMs;
    } catch (error) {
      options.signal?.throwIfAborted();
      const code = error instanceof CorepoolError ? error.code : "internal";
      options.on?.({ type: "withheld", code, detail: error instanceof Error ? error.message : String(error) });
      return Math.min(1_000, intervalMs);
    }
  };

  const run = async (): Promise<void> => {
    while (workload === undefined || !isOver(workload)) await bell.wait(await step(), options.signal);
  };
  return {
    see: (now) => {
      const changed =
        workload?.state !== now.state ||
        workload?.lease?.terms?.start !== now.lease?.terms?.start ||
        now.state === "finishing";
      workload = now;
      if (changed) bell.ring();
    },
    done: run(),
  };
}
