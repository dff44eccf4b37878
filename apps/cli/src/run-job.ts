import { rm } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import { formatAmount, type Token } from "@corepool/core/money";
import type { Signer } from "@corepool/core/ports/signer";
import type { Receipt, WorkloadView } from "@corepool/protocol/resources";
import type { JobSpecInput, OutputFile } from "@corepool/protocol/spec";
import { keySigner } from "@corepool/sdk/adapters/key";
import { balancesOf, deposit, isLive, type MarketChain } from "@corepool/sdk/chain";
import { followToEnd, submitUnderMandate } from "@corepool/sdk/mandated-run";
import {
  type AttendOptions,
  attendWorkload,
  type Ordered,
  orderWorkload,
  type RunContext,
  type RunRequest,
  receiptOf,
} from "@corepool/sdk/run";
import { type ChainBill, verifyReceipt } from "@corepool/sdk/verify-receipt";
import type { WatchProgress } from "@corepool/sdk/watch";
import { type Connection, chainOf, keyOf, type MarketToken } from "./connection.ts";
import type { Context } from "./context.ts";
import { downloadOutputs } from "./download.ts";
import type { InputFile } from "./inputs.ts";
import { saveJob } from "./job-file.ts";
import type { Output } from "./output.ts";
import { createProgress } from "./progress.ts";

/** The chain of `corepool up`, where money is play money. */
const LOCAL_CHAIN = 31_337;

/** A job as the command line describes it. */
export interface JobWish {
  readonly spec: JobSpecInput;
  readonly inputs: readonly InputFile[];
  readonly token: MarketToken;
  readonly maxRate: bigint | undefined;
  readonly maxEscrow: bigint | undefined;
  readonly requireCgroup: boolean;
  /** Weaknesses that the machine must not have; absent: none is minded. */
  readonly avoidWeaknesses?: readonly string[];
  /** Where outputs go; undefined: ./corepool-outputs/<id>. */
  readonly outputs: string | undefined;
}

/** How a job ended, with everything that can be checked. */
export interface JobResult {
  readonly workload: WorkloadView;
  readonly receipt: Receipt | undefined;
  /** What the chain itself says; undefined when no RPC endpoint is known. */
  readonly bill: ChainBill | undefined;
  /** Why the bill was not checked, when something else than a missing RPC endpoint was in the way. */
  readonly unchecked?: string | undefined;
  readonly files: readonly (OutputFile & { readonly file: string })[];
  readonly token: MarketToken;
  readonly stopped: boolean;
}

/** Of play money so many escrows are deposited at once, or this many whole tokens, so that most jobs need no deposit. */
const PLAY_ESCROWS = 20n;
const PLAY_TOKENS = 10n;

/** How much goes from the wallet into the market when a job lacks `short`: just that, except for play money. */
export function depositFor(
  need: { readonly short: bigint; readonly escrow: bigint; readonly wallet: bigint },
  token: Token,
  play: boolean,
): bigint {
  const { short, escrow, wallet } = need;
  if (!play) return short;
  const floor = PLAY_TOKENS * 10n ** BigInt(token.decimals);
  const wanted = escrow * PLAY_ESCROWS > floor ? escrow * PLAY_ESCROWS : floor;
  const amount = wanted < wallet ? wanted : wallet;
  return amount > short ? amount : short;
}

/** Deposits from the wallet what the ledger lacks, and says how much and why. */
async function fundFrom(
  output: Output,
  connection: Connection,
  chain: MarketChain,
  token: MarketToken,
  short: bigint,
  escrow: bigint,
): Promise<void> {
  const owner = keySigner(keyOf(connection)).address;
  const { wallet } = await balancesOf(chain, token.address, owner);
  if (wallet < short) {
    throw new CorepoolError("insufficient-funds", {
      detail: `The job needs ${formatAmount(short, token)} ${token.symbol} more in the market, and the wallet ${owner} holds ${formatAmount(wallet, token)}.`,
      next: "Send some to the wallet, or ask for a shorter --time or a smaller unit.",
    });
  }
  const amount = depositFor({ short, escrow, wallet }, token, connection.market.chainId === LOCAL_CHAIN);
  const rest = amount > short ? "; the rest is for later jobs, and corepool wallet withdraw brings it back" : "";
  await deposit(chain, owner, token.address, amount);
  output.line(
    `${output.good("✓")} deposited ${formatAmount(amount, token)} ${token.symbol} of the wallet's ${formatAmount(wallet, token)} into the market: the job's escrow is ${formatAmount(escrow, token)}${rest}`,
  );
}

const NOTHING_PAID: WatchProgress = { provenMs: 0, total: 0n };

export interface Running {
  readonly runContext: RunContext;
  readonly chain: MarketChain | undefined;
}

/** What the SDK needs to act for this command: progress on the screen, keys on disk, the chain where it can be reached. */
export async function runContextOf(
  context: Context,
  connection: Connection,
  token: MarketToken,
  signer: Signer = keySigner(keyOf(connection)),
): Promise<Running & { readonly finish: () => void; readonly goOn: (ordered: Ordered) => void }> {
  const chain = connection.rpcUrl === null ? undefined : await chainOf(connection);
  const progress = createProgress(context.output, token, context.clock);
  let kept: Ordered | undefined;
  let writing: Promise<void> = Promise.resolve();
  const save = (ordered: Ordered, saved: WatchProgress): Promise<void> => {
    kept = ordered;
    const now = writing.then(() => saveJob(context.home, connection.client.url, ordered, saved));
    writing = now.catch(() => undefined);
    return now;
  };
  return {
    chain,
    goOn: (ordered) => {
      kept = ordered;
    },
    finish: progress.finish,
    runContext: {
      client: connection.client,
      market: connection.market,
      signer,
      keep: (ordered) => save(ordered, NOTHING_PAID),
      isLive: chain === undefined ? undefined : (terms) => isLive(chain, terms),
      fund:
        chain === undefined || connection.key === undefined
          ? undefined
          : (_, short, escrow) => fundFrom(context.output, connection, chain, token, short, escrow),
      on: (event) => {
        // A note that is not kept is signed again from the one before: nothing is lost but a write.
        if (event.type === "note" && kept !== undefined) save(kept, event).catch(() => undefined);
        progress.on(event);
      },
    },
  };
}

/** Orders a job without attending it; returns what a watch needs. */
export async function orderJob(context: Context, connection: Connection, wish: JobWish): Promise<Ordered> {
  const running = await runContextOf(context, connection, wish.token);
  const ordered = await orderWorkload(running.runContext, requestOf(wish));
  running.finish();
  return ordered;
}

function requestOf(wish: JobWish): RunRequest {
  return {
    spec: {
      ...wish.spec,
      inputs: wish.inputs.map((i) => ({
        path: i.path,
        hash: i.blob.hash,
        sizeBytes: i.blob.sizeBytes,
        executable: i.executable,
      })),
    },
    constraints: {
      token: wish.token.address,
      requireCgroup: wish.requireCgroup,
      ...(wish.avoidWeaknesses === undefined || wish.avoidWeaknesses.length === 0
        ? {}
        : { avoidWeaknesses: [...wish.avoidWeaknesses] }),
      ...(wish.maxRate === undefined ? {} : { maxRate: String(wish.maxRate) }),
      ...(wish.maxEscrow === undefined ? {} : { maxEscrow: String(wish.maxEscrow) }),
    },
    uploads: wish.inputs.map((i) => i.blob),
  };
}

/** Hands a job to the coordinator under a mandate and leaves it there. */
export async function submitJob(
  context: Context,
  connection: Connection,
  wish: JobWish,
  mandate: string,
): Promise<WorkloadView> {
  const running = await runContextOf(context, connection, wish.token);
  try {
    return await submitUnderMandate(running.runContext, requestOf(wish), mandate);
  } finally {
    running.finish();
  }
}

/** A job that the coordinator orders and pays for under a mandate: submit, follow, download, bill, and its check. */
export async function runMandatedJob(
  context: Context,
  connection: Connection,
  wish: JobWish,
  mandate: string,
  stop?: AbortSignal,
): Promise<JobResult> {
  const running = await runContextOf(context, connection, wish.token);
  try {
    const { id } = await submitUnderMandate(running.runContext, requestOf(wish), mandate);
    const workload = await followToEnd(running.runContext, id, stop);
    return await concludeJob(
      context,
      connection,
      running.chain,
      workload,
      wish.token,
      wish.outputs,
      stop?.aborted === true,
    );
  } finally {
    running.finish();
  }
}

/** The whole road for one job: order, attend, download, bill, and a check of the bill against the chain. */
export async function runJob(
  context: Context,
  connection: Connection,
  wish: JobWish,
  stop?: AbortSignal,
): Promise<JobResult> {
  const running = await runContextOf(context, connection, wish.token);
  try {
    const ordered = await orderWorkload(running.runContext, requestOf(wish));
    const workload = await attendWorkload(running.runContext, ordered, { stop } satisfies AttendOptions);
    return await concludeJob(
      context,
      connection,
      running.chain,
      workload,
      wish.token,
      wish.outputs,
      stop?.aborted === true,
    );
  } finally {
    running.finish();
  }
}

/** Downloads what an ended workload left into a folder (null: leaves it where it is), gets its bill and checks it. */
export async function concludeJob(
  context: Context,
  connection: Connection,
  chain: MarketChain | undefined,
  workload: WorkloadView,
  token: MarketToken,
  folder: string | null | undefined,
  stopped: boolean,
): Promise<JobResult> {
  context.output.status("fetching the receipt and outputs");
  const opened = workload.lease?.openTx != null;
  const receipt = opened
    ? await receiptOf(connection.client, workload.id, { patienceMs: 15_000, burn: true })
    : undefined;
  // Before anything is written: outputs that the provider has not signed for are not the job's.
  const bill =
    receipt === undefined || chain === undefined ? undefined : await verifyReceipt(chain, receipt, workload.outputs);
  const root = folder ?? join(process.cwd(), "corepool-outputs", workload.id);
  const wanted = folder === null ? [] : workload.outputs;
  const written = wanted.length === 0 ? [] : await downloadOutputs(connection.client, wanted, root);
  await rm(join(context.home.jobs, `${workload.id}.json`), { force: true });
  context.output.status(undefined);
  const files = wanted.map((o) => ({ ...o, file: written.find((w) => w.path === o.path)?.file ?? "" }));
  return { workload, receipt, bill, files, token, stopped };
}
