import type { SandboxHandle } from "@corepool/core/ports/runtime";
import { closeData } from "@corepool/protocol/eip712";
import type { AttemptDeps } from "./attempt-deps.ts";
import { closedOnChain } from "./own-close.ts";

export interface ClosingContext {
  /** The sandbox, while it is not wiped. */
  readonly handle: SandboxHandle | undefined;
  /** Resolves when the coordinator has the whole log, or after a while. */
  readonly drained: (handle: SandboxHandle) => Promise<void>;
  /** Resolves when something about the attempt changed, or after `ms`. */
  readonly changed: (ms: number) => Promise<void>;
  /** Whether the coordinator said that the lease is closed. */
  readonly saidClosed: () => boolean;
  readonly signal: AbortSignal;
}

const LOOK_AGAIN_MS = 1_000;

/**
 * After the end: hands over the report, wipes the workspace, waits for the client's last note, and agrees to close the
 * lease with the best note. What the coordinator does not bring to the chain in time, the provider brings himself.
 * Resolves with true once the lease is closed on chain and the attempt is forgotten.
 */
export async function closeAttempt(id: string, deps: AttemptDeps, context: ClosingContext): Promise<boolean> {
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  const handOver = async () => {
    await acknowledged(id, deps, context);
    if (context.signal.aborted) return;
    await Promise.all([wipe(id, deps, context), agreeToClose(id, deps, context)]);
  };
  try {
    // Side by side: a coordinator that takes no report must not keep the provider from his money.
    await Promise.all([handOver(), closedOnChain(id, deps, { ...context, signal })]);
  } catch (error) {
    failed.abort();
    throw error;
  }
  if (context.signal.aborted) return false;
  await deps.journal.forget(id);
  deps.log.info("attempt.forgotten", { attempt: id });
  return true;
}

/** Waits until the coordinator has taken the report: the client cannot have answered it before. */
async function acknowledged(id: string, deps: AttemptDeps, context: ClosingContext): Promise<void> {
  const pending = () =>
    [...deps.journal.outbox.values()].some((message) => message.type === "ended" && message.body.attempt === id);
  while (!context.signal.aborted && pending()) {
    await Promise.race([deps.journal.nextAcknowledgement, context.changed(LOOK_AGAIN_MS)]);
  }
}

async function wipe(id: string, deps: AttemptDeps, context: ClosingContext): Promise<void> {
  if (context.handle !== undefined) {
    await context.drained(context.handle);
    if (context.signal.aborted) return;
    await context.handle.destroy();
  }
  await deps.inputs.release(id);
  await deps.journal.change(id, { slot: null });
  deps.slots.release(id);
}

async function agreeToClose(id: string, deps: AttemptDeps, context: ClosingContext): Promise<void> {
  const { clock, journal, signer, gateway, domain } = deps;
  const { terms, lease } = journal.record(id).assignment;
  const until = clock.monotonic() + terms.grace * 1000;
  // What never ran owes nothing: there is no note to wait for.
  const ran = journal.record(id).startedAtMs !== null;
  const waiting = () => ran && !journal.record(id).lastNote && clock.monotonic() < until && !context.saidClosed();
  while (!context.signal.aborted && !journal.record(id).closeSent && waiting()) await context.changed(LOOK_AGAIN_MS);
  const { note, closeSent } = journal.record(id);
  if (context.signal.aborted || closeSent) return;
  const total = BigInt(note?.total ?? "0");
  const paid = BigInt(terms.paid);
  const closeSignature = await signer.signTypedData(closeData(domain, lease, total > paid ? total : paid));
  const better = note !== null && total > paid;
  await gateway.post(
    id,
    { closeSent: true },
    {
      type: "close",
      body: {
        lease,
        total: String(better ? total : paid),
        noteSignature: better ? note.signature : null,
        closeSignature,
      },
    },
  );
  deps.log.info("lease.close-agreed", { attempt: id, lease, total: String(better ? total : paid) });
}
