import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { AttemptState } from "@corepool/core/workload";
import { digestOf, documentHash, usageReportData } from "@corepool/protocol/eip712";
import type { OutputFile, UsageReport } from "@corepool/protocol/spec";
import type { MarketContext } from "../market/context.ts";
import type { Attempt, Uow } from "../market/documents.ts";
import { isSignedByKey } from "../market/signatures.ts";
import { finishWorkload } from "./finish.ts";
import { advanceAttempt, advanceWorkload, WORKLOAD_OF_ATTEMPT } from "./moves.ts";

/** Later states win; frozen and running take turns, so between them the agent's clock decides. */
const RANK: Readonly<Record<AttemptState, number>> = {
  assigned: 0,
  preparing: 1,
  running: 2,
  frozen: 2,
  collecting: 3,
  ended: 4,
};

type Entry = Attempt["timeline"][number];
const rankOf = (entry: Entry): number => RANK[entry.state as AttemptState] ?? 0;

/** The last moment that RFC 3339 can write, milliseconds. */
const END_OF_TIME = 253_402_300_799_999;
/** Entries of a timeline that are kept: its first, and the newest. */
export const TIMELINE_ENTRIES = 1_000;

/** A time that an agent told, as one that can be shown: what it says must not spoil its client's view. */
const showable = (at: number): number => Math.min(Math.max(0, at), END_OF_TIME);

/** The timeline with one more entry, once, in the order of time. */
function withEntry(timeline: readonly Entry[], entry: Entry): readonly Entry[] {
  if (timeline.some(({ state, at }) => state === entry.state && at === entry.at)) return timeline;
  const all = [...timeline, entry].sort((a, b) => a.at - b.at || rankOf(a) - rankOf(b));
  return all.length > TIMELINE_ENTRIES ? [...all.slice(0, 1), ...all.slice(1 - TIMELINE_ENTRIES)] : all;
}

/** The machine's own attempt, locked. Rejects with `not-found`. */
export async function attemptOn(uow: Uow, machine: Hex, id: string): Promise<Attempt> {
  const attempt = await uow.attempts.lock(id);
  if (attempt === undefined || attempt.machine !== machine) {
    throw new CorepoolError("not-found", {
      detail: `There is no attempt ${id} on this machine.`,
      next: "Forget it.",
    });
  }
  return attempt;
}

async function carryToWorkload(uow: Uow, context: MarketContext, attempt: Attempt): Promise<void> {
  const workload = await uow.workloads.lock(attempt.workload);
  if (workload === undefined || workload.lease !== attempt.lease) return;
  await advanceWorkload(uow, context.clock, workload, WORKLOAD_OF_ATTEMPT[attempt.state]);
}

/** The agent says that an attempt moved. Repeats and late news change nothing but the timeline. */
export async function attemptMoved(
  uow: Uow,
  context: MarketContext,
  machine: Hex,
  news: {
    readonly attempt: string;
    readonly state: Exclude<AttemptState, "assigned" | "ended">;
    readonly at: number;
    readonly note: string | null;
  },
): Promise<void> {
  const attempt = await attemptOn(uow, machine, news.attempt);
  const { state, note } = news;
  const at = showable(news.at);
  const timeline = withEntry(attempt.timeline, { state, at, note });
  if (timeline === attempt.timeline) return;
  const rank = RANK[state];
  // Between states of one rank, what the agent's clock puts last is how it is.
  const last = timeline.filter((entry) => rankOf(entry) === rank).at(-1)?.state === state;
  const moves = rank > RANK[attempt.state] || (rank === RANK[attempt.state] && last);
  const next = (moves ? advanceAttempt(attempt, state) : undefined) ?? attempt;
  await uow.attempts.put({ ...next, timeline });
  await carryToWorkload(uow, context, next);
}

/** The agent's last word on an attempt. */
export interface Ended {
  readonly attempt: string;
  readonly report: UsageReport;
  readonly signature: Hex;
  readonly outputs: readonly OutputFile[];
  readonly detail: string | null;
}

const byPath = (files: readonly OutputFile[]) => [...files].sort((a, b) => (a.path < b.path ? -1 : 1));

/**
 * The attempt ended. The report must be the provider's, of this attempt and lease, and name exactly these outputs,
 * which the provider has uploaded. Rejects with `bad-signature`, `bad-request`, `blob-not-found` or `not-found`.
 */
export async function checkEnded(context: MarketContext, attempt: Attempt, ended: Ended): Promise<void> {
  const { report, outputs } = ended;
  if (report.attempt !== attempt.id || report.lease.toLowerCase() !== attempt.lease) {
    throw new CorepoolError("bad-request", { detail: "The usage report is of another attempt or lease." });
  }
  if (new Set(outputs.map((file) => file.path)).size !== outputs.length) {
    throw new CorepoolError("bad-request", { detail: "Two outputs have the same path." });
  }
  if (documentHash(byPath(outputs)) !== report.outputs.toLowerCase()) {
    throw new CorepoolError("bad-request", { detail: "The usage report was signed for other outputs." });
  }
  const digest = digestOf(usageReportData(context.domain, report));
  if (!(await isSignedByKey(attempt.provider, digest, ended.signature))) {
    throw new CorepoolError("bad-signature", { detail: "The usage report is not signed by the provider." });
  }
  for (const { hash, path, sizeBytes } of outputs) {
    if ((await context.blobSize(attempt.provider, hash)) === sizeBytes) continue;
    throw new CorepoolError("blob-not-found", {
      detail: `The output ${path} (${hash}, ${sizeBytes} bytes) was not uploaded.`,
      next: "Upload it and say again that the attempt ended.",
    });
  }
}

/** Takes a checked end into the attempt and its workload. Repeats change nothing. */
export async function attemptEnded(uow: Uow, context: MarketContext, machine: Hex, ended: Ended): Promise<void> {
  const attempt = await attemptOn(uow, machine, ended.attempt);
  if (attempt.state === "ended") return;
  const { report, detail } = ended;
  // The process ended before its outputs were collected; the attempt ends after that.
  const at = Math.max(showable(Number(report.endedAtMs)), ...attempt.timeline.map((entry) => entry.at));
  const next: Attempt = {
    ...(advanceAttempt(attempt, "ended") ?? attempt),
    timeline: withEntry(attempt.timeline, { state: "ended", at, note: report.reason }),
    exitCode: report.exitCode,
    reason: report.reason,
    detail,
    usage: report,
    usageSignature: ended.signature,
  };
  await uow.attempts.put(next);
  await uow.messages.drop(machine, `assign:${attempt.id}`);
  await uow.messages.drop(machine, `stop:${attempt.id}`);
  const workload = await uow.workloads.lock(attempt.workload);
  if (workload !== undefined && workload.lease === attempt.lease) {
    const withOutputs = { ...workload, outputs: byPath(ended.outputs) };
    await uow.workloads.put(withOutputs);
    const { account, id, state } = await advanceWorkload(uow, context.clock, withOutputs, "finishing");
    // The watch waits for this report: it decides the last payment note.
    const now = context.clock.now();
    await uow.outbox.append({ account, type: "attempt.ended", workload: id, at: now, state, note: report.reason });
  }
  await finishWorkload(uow, context, attempt.workload);
}
