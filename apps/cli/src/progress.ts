import { formatBytes } from "@corepool/core/bytes";
import { formatPrice, formatRate } from "@corepool/core/money";
import type { Clock } from "@corepool/core/ports/clock";
import type { WorkloadView } from "@corepool/protocol/resources";
import type { Isolation, JobSpec } from "@corepool/protocol/spec";
import type { RunEvent } from "@corepool/sdk/run";
import type { MarketToken } from "./connection.ts";
import type { Output } from "./output.ts";
import { formatMs } from "./quantities.ts";

/** What people call the states of a workload. */
const SAYS: Readonly<Record<string, string>> = {
  pending: "placed, waiting for the order",
  ordered: "opening the lease on chain",
  leased: "lease open, telling the machine",
  starting: "the machine fetches inputs and prepares the sandbox",
  running: "running",
  frozen: "frozen: no payment note arrived",
  finishing: "finished, settling the lease",
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "cancelled",
};

/** What stands before a state: a tick is for what went well. */
export function markOf(output: Pick<Output, "good" | "bad" | "dim">, state: string): string {
  if (state === "failed") return output.bad("✗");
  if (state === "cancelled" || state === "frozen") return output.dim("·");
  return output.good("✓");
}

/** The isolation a lease got, in one line. */
export function describeIsolation(isolation: Isolation): string {
  const limits =
    isolation.limits === "rlimit" ? "limits per process only" : isolation.limits.replace("cgroup-", "cgroup ");
  const user = isolation.user === "dedicated" ? "a system user of its own" : "the operator's own user";
  const workspace = isolation.workspace === "ext4-loop" ? "disk quota" : "disk watched";
  return `${isolation.runtime} ${isolation.runtimeVersion}, ${user}, ${limits}, ${workspace}, ${isolation.seccomp ? "seccomp" : "no seccomp"}, network ${isolation.network}`;
}

type Amounts = Pick<JobSpec["resources"], "cpus" | "memoryBytes" | "diskBytes">;

/** What a job may use of its unit: it is held to what was asked for, however large the unit is. */
export function describeShare(asked: Amounts, unit: Amounts): string {
  const size = (part: "memoryBytes" | "diskBytes"): string =>
    `${formatBytes(asked[part])} of ${formatBytes(unit[part])}`;
  return `${asked.cpus} of ${unit.cpus} CPU, ${size("memoryBytes")} memory, ${size("diskBytes")} disk`;
}

const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** The live view of one workload: its log as it comes, and one status line below it on a terminal. */
export function createProgress(
  output: Output,
  token: MarketToken,
  clock: Clock,
): { readonly on: (event: RunEvent) => void; readonly finish: () => void } {
  const begun = clock.monotonic();
  const stop = new AbortController();
  const decoder = new TextDecoder();
  let state = "submitting";
  let paid = 0n;
  let trouble: string | undefined;
  let unanswered = false;
  let told = "";
  let frame = 0;

  const draw = (): void => {
    frame = (frame + 1) % SPINNER.length;
    const price = paid === 0n ? "" : ` · ${formatPrice(paid, token)} ${token.symbol} noted`;
    output.status(
      output.dim(
        `${SPINNER[frame]} ${SAYS[state] ?? state} · ${formatMs(clock.monotonic() - begun)}${price}${trouble === undefined ? "" : ` · ${trouble}`}`,
      ),
    );
  };
  const tick = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      draw();
      await clock.sleep(120, stop.signal);
    }
  };
  if (output.interactive) tick().catch(() => undefined);

  const say = (text: string): void => {
    if (text === told) return;
    told = text;
    output.line(text);
  };
  const placed = (workload: WorkloadView): void => {
    const signed = workload.placed?.signed;
    output.event("placed", {
      workload: workload.id,
      offer: workload.placed?.offerId,
      rate: signed?.offer.rate,
      escrow: workload.placed?.escrow,
    });
    if (signed === undefined || workload.placed === null) return;
    const { resources, isolation } = signed.spec;
    output.line(
      `${output.good("✓")} ${workload.id} placed on unit ${signed.spec.unit} of machine ${signed.spec.machine.slice(0, 10)}…: ${describeShare(workload.spec.resources, resources)}`,
    );
    output.line(output.dim(`  isolation  ${describeIsolation(isolation)}`));
    if (isolation.weaknesses.length > 0)
      output.line(
        output.dim(
          `  weaknesses ${isolation.weaknesses.join(", ")} (its owner's cures: corepool doctor, on that machine)`,
        ),
      );
    output.line(
      output.dim(
        `  price      ${formatRate(BigInt(signed.offer.rate), token)}, at most ${formatPrice(BigInt(workload.placed.escrow), token)} ${token.symbol} in escrow; what is not used comes back`,
      ),
    );
  };

  const on = (event: RunEvent): void => {
    if (event.type === "placed") placed(event.workload);
    else if (event.type === "uploaded") {
      output.event("uploaded", { blobs: event.blobs, bytes: event.bytes });
      output.line(
        `${output.good("✓")} inputs: ${event.blobs} ${event.blobs === 1 ? "file" : "files"}, ${event.bytes === 0 ? "already there" : `${formatBytes(event.bytes)} sent`}`,
      );
    } else if (event.type === "funding") {
      output.event("funding", { token: event.token, short: event.short });
    } else if (event.type === "state" || event.type === "ordered") {
      const now = event.workload.state;
      if (now !== state) {
        output.event("state", { workload: event.workload.id, state: now, reason: event.workload.reason });
        if (!output.interactive || now === "running") say(`${markOf(output, now)} ${SAYS[now] ?? now}`);
      }
      state = now;
    } else if (event.type === "note") {
      paid = event.total;
      trouble = undefined;
      unanswered = false;
      output.event("note", { total: event.total, last: event.last, frozen: event.frozen });
    } else if (event.type === "unplaced") {
      trouble = "no machine takes it now, trying again";
      output.event("unplaced", { workload: event.workload, detail: event.detail });
      if (!output.interactive) say(`no machine takes it now, trying again: ${event.detail}`);
    } else if (event.type === "withheld") {
      // A job that has just ended answers no probe, and its end is told a moment later: once is no trouble.
      const first = !unanswered;
      unanswered = event.code === "machine-unreachable";
      if (unanswered && first) return;
      trouble = event.detail;
      output.event("withheld", { code: event.code, detail: event.detail });
    } else if (event.type === "log") {
      const bytes = Uint8Array.from(Buffer.from(event.record.data, "base64"));
      output.event("log", { stream: event.record.stream, offset: event.record.offset, data: event.record.data });
      output.raw(decoder.decode(bytes, { stream: true }));
    }
  };
  return {
    on,
    finish: () => {
      stop.abort();
      output.status(undefined);
    },
  };
}
