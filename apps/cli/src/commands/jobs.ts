import { formatBytes } from "@corepool/core/bytes";
import { CorepoolError, codeOf } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import { formatRate } from "@corepool/core/money";
import type { Signer } from "@corepool/core/ports/signer";
import { EXIT, type ProblemCode } from "@corepool/protocol/problems";
import type { Receipt, WorkloadView } from "@corepool/protocol/resources";
import {
  cancelWorkload,
  getReceipt,
  getWorkload,
  listOutputs,
  listWorkloads,
} from "@corepool/protocol/routes/workloads";
import { call } from "@corepool/sdk/call";
import { isOver } from "@corepool/sdk/follow";
import { attendWorkload, receiptOf } from "@corepool/sdk/run";
import { type ChainBill, verifyReceipt } from "@corepool/sdk/verify-receipt";
import type { Command } from "commander";
import { type Connection, chainOf, connect, tokenOf } from "../connection.ts";
import type { Context } from "../context.ts";
import { downloadOutputs } from "../download.ts";
import { importJob, loadJob } from "../job-file.ts";
import { table } from "../output.ts";
import { parseCount } from "../quantities.ts";
import { printResult } from "../result-block.ts";
import { concludeJob, runContextOf } from "../run-job.ts";
import { stopOnInterrupt } from "../stop.ts";
import { showResult } from "./run.ts";

/** How long the bill of an ended job is waited for: the lease closes some blocks after the end. */
const SETTLE_PATIENCE_MS = 15_000;

export type Action = (work: (context: Context) => Promise<number>, command: Command) => Promise<void>;

const shortCommand = (workload: WorkloadView): string => {
  const text = workload.spec.name ?? workload.spec.command.join(" ");
  return text.length > 48 ? `${text.slice(0, 47)}…` : text;
};

/** `corepool jobs [ID]`: a list, or one in full. */
export function addJobs(program: Command, action: Action): void {
  program
    .command("jobs")
    .description("list your jobs, or show one")
    .argument("[id]", "a job's id")
    .option("--limit <count>", "how many", "20")
    .addHelpText("after", "\nExamples:\n  $ corepool jobs\n  $ corepool jobs wkl_01… --json")
    .action((id: string | undefined, options: { readonly limit: string }, command: Command) =>
      action(async (context) => {
        const { output } = context;
        const limit = parseCount(options.limit, "--limit");
        const connection = await connect(context, { reads: true });
        const { client, market } = connection;
        if (id !== undefined) {
          const workload = await call(client, getWorkload, { params: { id } });
          const token = tokenOf(market, workload.constraints.token);
          // The bill of a job that has just ended may not be there yet.
          const receipt =
            isOver(workload) && workload.lease?.openTx != null
              ? await call(client, getReceipt, { params: { id } }).catch(unless("not-ready"))
              : undefined;
          const bill = await billOf(connection, workload, receipt).catch(unless("chain-unavailable"));
          printResult(output, {
            workload,
            receipt,
            bill,
            unchecked: connection.rpcUrl === null ? undefined : "the chain did not answer, or has not closed the lease",
            files: workload.outputs.map((o) => ({ ...o, file: o.path })),
            token,
            stopped: false,
          });
          output.data(workload);
          return EXIT.ok;
        }
        const page = await call(client, listWorkloads, { query: { limit } });
        for (const line of table(
          page.data.map((w) => [w.id, w.state, w.createdAt.slice(0, 19).replace("T", " "), shortCommand(w)]),
        ))
          output.line(line);
        if (page.data.length === 0) output.line('No jobs yet. Try: corepool run -- python3 -c "print(6*7)"');
        if (page.hasMore) output.hint("  and more: --limit");
        output.data(page);
        return EXIT.ok;
      }, command),
    );
}

/** `corepool outputs ID`. */
export function addOutputs(program: Command, action: Action): void {
  program
    .command("outputs")
    .description("list the files a job left, and download them")
    .argument("<id>", "a job's id")
    .option("--to <folder>", "download into this folder")
    .addHelpText("after", "\nExamples:\n  $ corepool outputs wkl_01…\n  $ corepool outputs wkl_01… --to ./results")
    .action((id: string, options: { readonly to?: string }, command: Command) =>
      action(async (context) => {
        const { client } = await connect(context, { reads: true });
        const { data } = await call(client, listOutputs, { params: { id } });
        const written = options.to === undefined ? [] : await downloadOutputs(client, data, options.to);
        for (const line of table(data.map((o) => [o.path, formatBytes(o.sizeBytes), o.hash])))
          context.output.line(line);
        if (data.length === 0) {
          const over = isOver(await call(client, getWorkload, { params: { id } }));
          context.output.line(
            over
              ? "It left no files (jobs leave files under /work/outputs)."
              : `It has not ended: its files come then. Follow it with: corepool logs ${id} --follow`,
          );
        }
        if (options.to !== undefined)
          context.output.line(
            `${context.output.good("✓")} ${written.length} ${written.length === 1 ? "file" : "files"} verified and written to ${options.to}`,
          );
        context.output.data({ data, written });
        return EXIT.ok;
      }, command),
    );
}

/** `corepool receipt ID`: the bill, checked against the chain. */
export function addReceipt(program: Command, action: Action): void {
  program
    .command("receipt")
    .description("show a job's bill and check it against the chain")
    .argument("<id>", "a job's id")
    .addHelpText(
      "after",
      "\nExamples:\n  $ corepool receipt wkl_01…\n  $ corepool receipt wkl_01… --rpc https://rpc.example --json",
    )
    .action((id: string, _: unknown, command: Command) =>
      action(async (context) => {
        const connection = await connect(context, { reads: true });
        const workload = await call(connection.client, getWorkload, { params: { id } });
        if (!isOver(workload))
          throw new CorepoolError("illegal-transition", {
            detail: `${id} is ${workload.state}: its bill comes when it has ended.`,
            next: `Follow it with: corepool logs ${id} --follow`,
          });
        if (workload.lease?.openTx == null)
          throw new CorepoolError("not-found", {
            detail: `${id} never had a lease on chain, so there is no bill: nothing was paid.`,
            next: `See how it ended with: corepool jobs ${id}`,
          });
        const receipt = await receiptOf(connection.client, id, { patienceMs: SETTLE_PATIENCE_MS });
        const bill = await billOf(connection, workload, receipt);
        printResult(context.output, {
          workload,
          receipt,
          bill,
          files: [],
          token: tokenOf(connection.market, receipt.token.address),
          stopped: false,
        });
        context.output.data({ receipt, verified: bill ?? null });
        return EXIT.ok;
      }, command),
    );
}

/** What the chain says about a bill; undefined when there is none, it is not closed, or no RPC endpoint is known. */
async function billOf(
  connection: Connection,
  workload: WorkloadView,
  receipt: Receipt | undefined,
): Promise<ChainBill | undefined> {
  return receipt === undefined || connection.rpcUrl === null || receipt.closeTx === null
    ? undefined
    : verifyReceipt(await chainOf(connection), receipt, workload.outputs);
}

/** Turns a rejection with this code into nothing. */
const unless =
  (code: ProblemCode) =>
  (error: unknown): undefined => {
    if (codeOf(error) !== code) throw error;
    return undefined;
  };

/** `corepool cancel ID`. */
export function addCancel(program: Command, action: Action): void {
  program
    .command("cancel")
    .description("stop a job; what it served is paid, the rest comes back")
    .argument("<id>", "a job's id")
    .action((id: string, _: unknown, command: Command) =>
      action(async (context) => {
        const { client } = await connect(context);
        const workload = await call(client, cancelWorkload, { params: { id } });
        context.output.line(`${context.output.good("✓")} ${id} was asked to stop; it is ${workload.state}`);
        context.output.data(workload);
        return EXIT.ok;
      }, command),
    );
}

/** A job whose lease key is not here: it has ended, and nobody need pay for it, or only its own machine can. */
async function watchStrange(context: Context, connection: Connection, id: string): Promise<number> {
  const workload = await call(connection.client, getWorkload, { params: { id } });
  if (!isOver(workload))
    throw new CorepoolError("not-found", {
      detail: `The lease key of ${id} is not on this machine.`,
      next: "Watch it from where it was started.",
    });
  context.output.line(`${id} has ended: ${workload.state}. See: corepool jobs ${id}`);
  context.output.data(workload);
  return EXIT.ok;
}

/** For a watch that has an API key alone: it can pay a lease with the lease's own key, and order no other. */
function noSigner(address: Address): Signer {
  const refuse = (): Promise<never> =>
    Promise.reject(
      new CorepoolError("unauthenticated", {
        detail: "The job lost its machine, and only the account's own key can sign another order.",
        next: "Order it again where that key is.",
      }),
    );
  return { address, signMessage: refuse, signTypedData: refuse };
}

/** `corepool watch ID`: pays for a job that was ordered from here until it ends. */
export function addWatch(program: Command, action: Action): void {
  program
    .command("watch")
    .description("watch and pay for a job that was ordered from this machine, until it ends")
    .argument("<id>", "a job's id")
    .option("--take <file>", "take a job over that the console saved as this file")
    .addHelpText(
      "after",
      "\n`corepool run --detach` starts this by itself. Use it again when that process was ended.\n\nExamples:\n  $ corepool watch wkl_01…\n  $ corepool watch wkl_01… --take wkl_01….json",
    )
    .action((id: string, options: { readonly take?: string }, command: Command) =>
      action(async (context) => {
        if (options.take !== undefined) await importJob(context.home, id, options.take);
        const job = await loadJob(context.home, id).catch(unless("not-found"));
        const connection = await connect(context);
        if (job === undefined) return await watchStrange(context, connection, id);
        const { ordered, saved } = job;
        if (connection.market.contracts.leaseMarket.toLowerCase() !== ordered.lease.domain.market.toLowerCase()) {
          throw new CorepoolError("wrong-chain", {
            detail: `${id} was ordered in another market.`,
            next: "Name its coordinator with --url.",
          });
        }
        const token = tokenOf(connection.market, ordered.lease.token);
        const signer = connection.key === undefined ? noSigner(ordered.lease.client) : undefined;
        const running = await runContextOf(context, connection, token, signer);
        running.goOn(ordered);
        const interrupt = stopOnInterrupt(context.output);
        try {
          const workload = await attendWorkload(running.runContext, ordered, {
            saved,
            stop: interrupt.signal,
            logs: context.output.interactive,
          });
          return await showResult(
            context,
            await concludeJob(context, connection, running.chain, workload, token, null, interrupt.signal.aborted),
          );
        } finally {
          interrupt.release();
          running.finish();
        }
      }, command),
    );
}

/** One line about money, e.g. of a lease. */
export function priceLine(rate: string, token: { readonly symbol: string; readonly decimals: number }): string {
  return formatRate(BigInt(rate), token);
}
