import { formatBytes } from "@corepool/core/bytes";
import { formatPrice, formatRate } from "@corepool/core/money";
import type { WorkloadView } from "@corepool/protocol/resources";
import type { MarketToken } from "./connection.ts";
import type { Output } from "./output.ts";
import { table } from "./output.ts";
import { markOf } from "./progress.ts";
import { formatDuration, formatMs } from "./quantities.ts";
import type { JobResult } from "./run-job.ts";

const amount = (base: string | bigint, token: MarketToken): string =>
  `${formatPrice(BigInt(base), token)} ${token.symbol}`;

/** The metrics a job left in a file metrics.json: numbers by name. */
function shown(result: JobResult, output: Output, metrics: Readonly<Record<string, unknown>>): string[][] {
  const rows: string[][] = [];
  for (const [name, value] of Object.entries(metrics)) {
    if (typeof value === "number" || typeof value === "string")
      rows.push([
        `  ${name.replaceAll("_", " ")}`,
        typeof value === "number" && name.includes("accuracy")
          ? output.bold(`${(value * 100).toFixed(2)} %`)
          : String(value),
      ]);
  }
  return result.workload.state === "succeeded" ? rows : [];
}

/** Which of the limits that were asked for ended a job, and what to ask for instead. */
export function limitReached({ reason, spec }: Pick<WorkloadView, "reason" | "spec">): string | undefined {
  const { memoryBytes, diskBytes } = spec.resources;
  if (reason === "out-of-memory")
    return `it used more than the ${formatBytes(memoryBytes)} of memory asked for: ask for more with --memory`;
  if (reason === "disk-full")
    return `it wrote more than the ${formatBytes(diskBytes)} of disk asked for: ask for more with --disk`;
  if (reason === "deadline")
    return `it reached --time ${formatDuration(spec.durationSeconds)}: ask for more with --time`;
  return undefined;
}

/** Everything worth knowing about an ended job: result, files, timeline, bill. */
export function printResult(output: Output, result: JobResult, metrics: Readonly<Record<string, unknown>> = {}): void {
  const { workload, receipt, bill, token } = result;
  const good = workload.state === "succeeded";
  const attempt = workload.attempts.at(-1);
  output.line();
  const ended =
    workload.reason === null
      ? ""
      : ` (${workload.reason}${attempt?.exitCode == null ? "" : `, exit code ${attempt.exitCode}`})`;
  output.line(`${markOf(output, workload.state)} ${output.bold(`${workload.id} ${workload.state}`)}${ended}`);
  const limit = limitReached(workload);
  if (limit !== undefined) output.line(`  ${limit}`);
  if (workload.detail !== null && !good) output.line(`  ${workload.detail}`);
  for (const line of table(shown(result, output, metrics))) output.line(line);
  if (result.files.length > 0) {
    output.line(output.bold("Files"));
    for (const line of table(result.files.map((f) => [`  ${f.path}`, formatBytes(f.sizeBytes), output.dim(f.hash)])))
      output.line(line);
    const first = result.files[0];
    // Files that were only listed lie nowhere yet.
    const folder = first?.file.slice(0, -first.path.length) ?? "";
    if (folder !== "") output.line(output.dim(`  in ${folder}`));
  }
  for (const a of workload.attempts) {
    const start = a.timeline[0] === undefined ? 0 : Date.parse(a.timeline[0].at);
    output.line(output.bold(`Attempt ${a.number}`));
    output.line(
      `  ${a.timeline.map((t) => `${t.state} +${((Date.parse(t.at) - start) / 1000).toFixed(1)} s`).join(" → ")}`,
    );
  }
  if (receipt === undefined) return;
  output.line(output.bold("Bill"));
  const rows = [
    ["  billed", receipt.billedMs < 1_000 ? `${receipt.billedMs} ms` : formatMs(receipt.billedMs)],
    ["  rate", formatRate(BigInt(receipt.terms.rate), token)],
    ["  price", output.bold(amount(receipt.total, token))],
    ["  provider received", amount(receipt.provider.paid, token)],
    ["  fee", amount(receipt.fee, token)],
    ["  of it burnt", amount(receipt.burn, token)],
    ["  refund", amount(receipt.refund, token)],
    ["  escrow", amount(receipt.terms.escrow, token)],
    ["  opened in", receipt.openTx],
    ["  closed in", receipt.closeTx ?? "not yet"],
    ...(BigInt(receipt.burn) === 0n ? [] : [["  burnt in", receipt.burnTx ?? "not yet"]]),
  ];
  for (const line of table(rows)) output.line(line);
  if (bill === undefined)
    output.line(
      output.dim(`  not checked against the chain: ${result.unchecked ?? "no RPC endpoint is known (--rpc)"}`),
    );
  else
    output.line(
      `  ${output.good("✓")} checked against the chain: ${amount(bill.providerPaid, token)} + ${amount(bill.fee, token)} + ${amount(bill.refund, token)} = escrow`,
    );
}

/** The same for programs. */
export function resultData(
  result: JobResult,
  metrics: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    type: "result",
    workload: result.workload,
    receipt: result.receipt ?? null,
    verified: result.bill ?? null,
    files: result.files,
    metrics,
  };
}
