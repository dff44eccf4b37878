import { CorepoolError } from "@corepool/core/errors";
import { type Address, type Hex, sameAddress } from "@corepool/core/hex";
import type { Signer } from "@corepool/core/ports/signer";
import { domainOf, leaseId } from "@corepool/protocol/eip712";
import { isProblemCode, PROBLEMS } from "@corepool/protocol/problems";
import type { LogRecord, Market, Receipt, WorkloadView } from "@corepool/protocol/resources";
import { logRecord } from "@corepool/protocol/resources";
import { getAccount } from "@corepool/protocol/routes/accounts";
import {
  acceptPlacement,
  cancelWorkload,
  getReceipt,
  replaceWorkload,
  streamLogs,
  submitWorkload,
} from "@corepool/protocol/routes/workloads";
import {
  type Constraints,
  constraints,
  type JobSpec,
  type JobSpecInput,
  jobSpec,
  type TermsMessage,
} from "@corepool/protocol/spec";
import { type BlobSource, uploadBlob } from "./blobs.ts";
import { call } from "./call.ts";
import { type Client, patient } from "./client.ts";
import { followWorkload, isOver } from "./follow.ts";
import { type LeaseKey, newLeaseKey } from "./lease-key.ts";
import { checkOffer } from "./offers.ts";
import { bindWorkload, signOrder } from "./order.ts";
import { followEvents } from "./sse.ts";
import { type WatchEvent, type WatchedLease, type WatchProgress, watchLease } from "./watch.ts";

export type RunEvent =
  | { readonly type: "uploaded"; readonly blobs: number; readonly bytes: number }
  | { readonly type: "placed"; readonly workload: WorkloadView }
  | { readonly type: "funding"; readonly token: Address; readonly short: bigint }
  | { readonly type: "ordered"; readonly workload: WorkloadView }
  | { readonly type: "state"; readonly workload: WorkloadView }
  /** The workload lost its placement and no machine takes it now; it is placed again as soon as one does. */
  | { readonly type: "unplaced"; readonly workload: string; readonly detail: string }
  | { readonly type: "log"; readonly record: LogRecord }
  | WatchEvent;

/** What a client wants run, and the limits he sets himself. */
export interface RunRequest {
  readonly spec: JobSpecInput;
  readonly constraints: Constraints;
  readonly uploads: readonly BlobSource[];
  /** Longest grace of an offer that is ordered, now or again later, in seconds. */
  readonly maxGraceSeconds?: number | undefined;
}

export interface RunContext {
  readonly client: Client;
  readonly market: Market;
  readonly signer: Signer;
  /**
   * Brings at least `short` base units of the token into the account's cash, which the job's `escrow` needs; rejects
   * with `insufficient-funds` when it cannot.
   */
  readonly fund?: ((token: Address, short: bigint, escrow: bigint) => Promise<void>) | undefined;
  /** Reads the chain directly; without it the coordinator's word about leases stands. */
  readonly isLive?: ((terms: TermsMessage) => Promise<boolean>) | undefined;
  /**
   * Keeps an order's lease key, called before the order is handed over: from then on a lease may open that only this key
   * can pay. The order may still be refused; a later one of the same workload takes its place.
   */
  readonly keep?: ((ordered: Ordered) => Promise<void>) | undefined;
  readonly on?: ((event: RunEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the client himself asked for. Orders are measured against this and never against what the coordinator repeats. */
export interface Wish {
  readonly spec: JobSpec;
  readonly constraints: Constraints;
  /** Longest grace that he takes, in seconds. */
  readonly maxGraceSeconds: number;
}

/** A workload that was ordered, and the key that pays for it. Whoever holds this can attend it. */
export interface Ordered {
  readonly workload: string;
  readonly wish: Wish;
  readonly lease: WatchedLease;
}

const ORDER_SECONDS = 600;
/** What is taken of a grace by those who say nothing of it. */
export const USUAL_MAX_GRACE_SECONDS = 300;
const MAX_PLACEMENTS = 5;
const REPLACE_MS = 2_000;
/** How long the end of an ended workload's log is waited for: as long as a coordinator may be away. */
const LOG_PATIENCE_MS = 60_000;
/** How long cash that was just deposited may take to show in the coordinator's books. */
const FUNDS_PATIENCE_MS = 30_000;

async function secureFunds(
  context: RunContext,
  token: Address,
  escrow: bigint,
): Promise<{ readonly nonce: number; readonly counter: number }> {
  const { client, signal } = context;
  const begun = client.clock.monotonic();
  for (let funded = false; ; ) {
    const account = await call(client, getAccount, {}, { signal });
    const balance = account.balances.find((b) => sameAddress(b.token, token));
    const cash = BigInt(balance?.cash ?? "0");
    if (cash >= escrow) return { nonce: account.nextNonce, counter: account.counter };
    if (!funded) {
      if (context.fund === undefined) {
        throw new CorepoolError("insufficient-funds", {
          detail: `The escrow is ${escrow}, your cash in the market ${cash} base units.`,
          next: "Deposit first (corepool wallet deposit).",
        });
      }
      context.on?.({ type: "funding", token, short: escrow - cash });
      await context.fund(token, escrow - cash, escrow);
      funded = true;
    } else if (client.clock.monotonic() - begun > FUNDS_PATIENCE_MS) {
      throw new CorepoolError("insufficient-funds", {
        detail: "The deposit has not reached the coordinator's books.",
        next: "Wait for its block, then try again.",
      });
    } else {
      await client.clock.sleep(200, signal);
    }
  }
}

/** Checks what was placed, signs the order for exactly that, and hands it over. */
async function accept(
  context: RunContext,
  workload: WorkloadView,
  wish: Wish,
  key: LeaseKey,
): Promise<{ readonly workload: WorkloadView; readonly lease: WatchedLease }> {
  const { client, market, signer } = context;
  const { placed } = workload;
  const { spec } = wish;
  if (placed === null) throw new CorepoolError("no-placement", { detail: "The workload has no placement." });
  const domain = domainOf(market);
  const now = Math.floor(client.clock.now() / 1000);
  await checkOffer(domain, placed.signed, { client: signer.address, ...wish, now });
  const { offer } = placed.signed;
  const escrow = BigInt(offer.rate) * BigInt(spec.durationSeconds);
  const { nonce, counter } = await secureFunds(context, offer.token, escrow);
  const signed = await signOrder(domain, signer, {
    offer,
    durationSeconds: spec.durationSeconds,
    leaseKey: key.address,
    nonce,
    counter,
    expiry: now + ORDER_SECONDS,
  });
  const binding = await bindWorkload(domain, key, signer.address, spec);
  const lease: WatchedLease = {
    domain,
    lease: leaseId(domain, offer.provider, BigInt(offer.unit), placed.leaseSeq),
    key,
    client: signer.address,
    provider: offer.provider,
    providerPublicKey: placed.providerPublicKey,
    token: offer.token,
    rate: BigInt(offer.rate),
    escrow,
    graceSeconds: offer.grace,
  };
  await context.keep?.({ workload: workload.id, wish, lease });
  const ordered = await call(
    client,
    acceptPlacement,
    { params: { id: workload.id }, body: { ...signed, leasePublicKey: key.publicKey, binding, unitProof: [] } },
    { signal: context.signal },
  );
  return { workload: ordered, lease };
}

/** Accepts a placement; when the offer has gone or another order took the nonce, places or signs again. */
export async function orderPlaced(context: RunContext, first: WorkloadView, wish: Wish): Promise<Ordered> {
  let workload = first;
  for (let tries = 1; ; tries++) {
    try {
      const ordered = await accept(context, workload, wish, newLeaseKey(context.client.random));
      context.on?.({ type: "ordered", workload: ordered.workload });
      return { workload: workload.id, wish, lease: ordered.lease };
    } catch (error) {
      const code = error instanceof CorepoolError ? error.code : "";
      if (tries >= MAX_PLACEMENTS) throw error;
      if (code === "order-replayed") continue;
      if (code !== "offer-gone") throw error;
      workload = await call(
        context.client,
        replaceWorkload,
        { params: { id: workload.id } },
        { signal: context.signal },
      );
      context.on?.({ type: "placed", workload });
    }
  }
}

/** Uploads the inputs and submits the workload. It is placed then, and waits for its order. */
export async function submitRequest(
  context: Pick<RunContext, "client" | "on" | "signal">,
  request: RunRequest,
): Promise<WorkloadView> {
  const { client, signal } = context;
  let bytes = 0;
  for (const blob of request.uploads) bytes += (await uploadBlob(client, blob, { signal })).uploaded;
  if (request.uploads.length > 0) context.on?.({ type: "uploaded", blobs: request.uploads.length, bytes });
  const workload = await call(
    client,
    submitWorkload,
    { body: { spec: request.spec, constraints: request.constraints } },
    { signal },
  );
  context.on?.({ type: "placed", workload });
  return workload;
}

/** What a request asks for, with every default. */
export function wishOf(request: Omit<RunRequest, "uploads">): Wish {
  return {
    spec: jobSpec.parse(request.spec),
    constraints: constraints.parse(request.constraints),
    maxGraceSeconds: request.maxGraceSeconds ?? USUAL_MAX_GRACE_SECONDS,
  };
}

/** Uploads the inputs, submits the workload, accepts its placement. The lease opens from then on. */
export async function orderWorkload(context: RunContext, request: RunRequest): Promise<Ordered> {
  const workload = await submitRequest(context, request);
  return orderPlaced(context, workload, wishOf(request));
}

/**
 * Places a pending workload that has lost its placement, trying every two seconds. Undefined when it is not pending any
 * more. Rejects with the last `no-placement` when the client's patience is over.
 */
async function placeAgain(
  context: RunContext,
  id: string,
  signal: AbortSignal | undefined,
): Promise<WorkloadView | undefined> {
  const { client } = context;
  const begun = client.clock.monotonic();
  for (;;) {
    try {
      const workload = await call(patient(client, 0), replaceWorkload, { params: { id } }, { signal });
      context.on?.({ type: "placed", workload });
      return workload;
    } catch (error) {
      if (!(error instanceof CorepoolError)) throw error;
      if (error.code === "illegal-transition") return undefined;
      if (!isProblemCode(error.code) || !("retryable" in PROBLEMS[error.code])) throw error;
      context.on?.({ type: "unplaced", workload: id, detail: error.message });
      if (client.clock.monotonic() - begun >= client.patienceMs) throw error;
    }
    await client.clock.sleep(REPLACE_MS, signal);
  }
}

export interface AttendOptions {
  /** Aborted to ask the workload to stop; it is still paid for what it served and settled. */
  readonly stop?: AbortSignal | undefined;
  readonly saved?: WatchProgress | undefined;
  readonly logs?: boolean | undefined;
  readonly logOffset?: number | undefined;
}

/** Tells the context of a workload's log from byte `from` on, until it ends. */
export async function readLogs(context: RunContext, id: string, from: number, signal: AbortSignal): Promise<void> {
  const input = (lastId: string | undefined) => ({
    params: { id },
    query: { offset: Number(lastId ?? from), follow: "true" as const },
  });
  for await (const event of followEvents(context.client, streamLogs, input, { signal })) {
    if (event.event === "end") return;
    if (event.event === "reset") continue;
    const record = logRecord.safeParse(JSON.parse(event.data));
    if (record.success) context.on?.({ type: "log", record: record.data });
  }
}

/** What has been paid for is over or goes on, and never waits for an order again: another one would be paid beside it. */
function refuseSecondOrder(workload: string, paid: bigint): void {
  if (paid === 0n) return;
  throw new CorepoolError("order-mismatch", {
    detail: `The coordinator says that ${workload} waits for an order again, though ${paid} base units were paid for it.`,
    next: "Nothing more is signed for it. Run it anew if its result is missing, and ask the market's operator why.",
  });
}

/**
 * Attends an ordered workload to its end: pays while it serves, shows its log, asks it to stop when wanted, settles.
 * Outlives restarts of the coordinator. One that lost its machine before anything was paid is ordered again, with cash
 * that is there: nothing more is taken from the wallet. Resolves with the workload as it ended. Rejects with
 * `order-mismatch` when a second order is wanted for what was paid already.
 */
export async function attendWorkload(
  given: RunContext,
  ordered: Ordered,
  options: AttendOptions = {},
): Promise<WorkloadView> {
  let paid = options.saved?.total ?? 0n;
  const context: RunContext = {
    ...given,
    client: patient(given.client, Number.POSITIVE_INFINITY, 15_000),
    fund: undefined,
    on: (event) => {
      if (event.type === "note" && event.total > paid) paid = event.total;
      given.on?.(event);
    },
  };
  const leave = new AbortController();
  const signal = given.signal === undefined ? leave.signal : AbortSignal.any([given.signal, leave.signal]);
  const watch = (lease: WatchedLease, saved?: WatchProgress) =>
    watchLease(context.client, lease, { on: context.on, saved, isLive: context.isLive, signal });
  let current = watch(ordered.lease, options.saved);
  current.done.catch(() => undefined);
  const cancel = (): void => {
    call(context.client, cancelWorkload, { params: { id: ordered.workload } }, { signal }).catch(() => undefined);
  };
  options.stop?.addEventListener("abort", cancel, { once: true });
  if (options.stop?.aborted === true) cancel();
  const logs =
    options.logs === false
      ? Promise.resolve()
      : readLogs(context, ordered.workload, options.logOffset ?? 0, signal).catch(() => undefined);
  try {
    let last: WorkloadView | undefined;
    for await (const workload of followWorkload(context.client, ordered.workload, { signal })) {
      if (workload.state !== last?.state || JSON.stringify(workload.attempts) !== JSON.stringify(last.attempts))
        context.on?.({ type: "state", workload });
      last = workload;
      current.see(workload);
      if (workload.state === "pending") {
        refuseSecondOrder(workload.id, paid);
        const placed = workload.placed === null ? await placeAgain(given, workload.id, signal) : workload;
        if (placed === undefined) continue;
        const again = await orderPlaced(context, placed, ordered.wish);
        current = watch(again.lease);
        current.done.catch(() => undefined);
      }
    }
    if (last === undefined || !isOver(last))
      throw new CorepoolError("interrupted", { detail: "The workload was left before its end." });
    await Promise.race([logs, context.client.clock.sleep(LOG_PATIENCE_MS, signal)]);
    return last;
  } finally {
    options.stop?.removeEventListener("abort", cancel);
    leave.abort();
    await logs;
  }
}

/** The bill of a workload that has ended. Waits up to `patienceMs` for it, and for the burn of its fee when `burn`. */
export async function receiptOf(
  client: Client,
  id: string,
  options: { readonly patienceMs: number; readonly burn?: boolean; readonly signal?: AbortSignal | undefined },
): Promise<Receipt> {
  const begun = client.clock.monotonic();
  for (;;) {
    const late = client.clock.monotonic() - begun > options.patienceMs;
    try {
      const receipt = await call(client, getReceipt, { params: { id } }, { signal: options.signal });
      const burnt = options.burn !== true || receipt.burnTx !== null || BigInt(receipt.burn) === 0n;
      if ((receipt.closeTx !== null && burnt) || late) return receipt;
    } catch (error) {
      if (!(error instanceof CorepoolError) || error.code !== "not-ready" || late) throw error;
    }
    await client.clock.sleep(250, options.signal);
  }
}

/** The whole main road in one call: orders the workload, attends it, and returns how it ended with its bill. */
export async function runWorkload(
  context: RunContext,
  request: RunRequest,
  options: AttendOptions = {},
): Promise<{ readonly workload: WorkloadView; readonly lease: Hex; readonly receipt: Receipt | undefined }> {
  const ordered = await orderWorkload(context, request);
  const workload = await attendWorkload(context, ordered, options);
  const receipt =
    workload.lease?.openTx == null
      ? undefined
      : await receiptOf(context.client, workload.id, { patienceMs: 20_000, signal: context.signal });
  return { workload, lease: ordered.lease.lease, receipt };
}
