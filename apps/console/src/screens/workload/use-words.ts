import type { AttemptView, WorkloadView } from "@corepool/protocol/resources";
import { useLingui } from "@lingui/react/macro";
import type { Tone } from "../../kit/values/state.tsx";

/** Why a workload or an attempt ended, in a sentence; the code itself when it is a new one. */
export function useReason(): (reason: string) => string {
  const { t } = useLingui();
  const words: Readonly<Record<string, string>> = {
    exited: t`It ended by itself.`,
    signalled: t`It was ended by a signal.`,
    "out-of-memory": t`It needed more memory than it had asked for.`,
    deadline: t`Its time was up.`,
    "disk-full": t`It wrote more than the disk space it had asked for.`,
    "stopped-by-client": t`You stopped it.`,
    "payment-stopped": t`Payment notes stopped for longer than the machine holds it.`,
    "order-expired": t`The order expired before its lease could be opened.`,
    "input-unavailable": t`An input file could not be fetched.`,
    "refused-by-agent": t`The machine refused it.`,
    "sandbox-error": t`The machine's sandbox failed.`,
    "machine-lost": t`The machine was lost.`,
  };
  return (reason) => words[reason] ?? reason;
}

/** What happens next, and who has to do something. */
export function useNextStep(): (workload: WorkloadView) => string {
  const { t } = useLingui();
  return (workload) =>
    ({
      pending:
        workload.placed === null
          ? t`It is placed again as soon as a machine can take it.`
          : t`A machine is found. Its offer waits for your signed order.`,
      ordered: t`The lease is being opened on chain.`,
      leased: t`The lease is open. The machine is being told.`,
      starting: t`The machine fetches the inputs and prepares the sandbox.`,
      running: t`It runs until it ends by itself, you stop it, or its time is up.`,
      frozen: t`It is frozen, because no payment note came. It goes on with the next note; if none comes, it is ended and its outputs are kept.`,
      finishing: t`Outputs are being stored, and the lease is being settled.`,
      succeeded: t`Nothing more happens. Its files and its receipt stay here.`,
      failed: t`Nothing more happens. Its log says what it did last.`,
      cancelled: t`Nothing more happens. What it had written is kept.`,
    })[workload.state];
}

/** An attempt's steps. */
export function useAttemptStep(): (state: AttemptView["state"]) => string {
  const { t } = useLingui();
  return (state) =>
    ({
      assigned: t`Assigned`,
      preparing: t`Preparing`,
      running: t`Running`,
      frozen: t`Frozen`,
      collecting: t`Collecting outputs`,
      ended: t`Ended`,
    })[state];
}

export const ATTEMPT_TONES: Readonly<Record<AttemptView["state"], Tone>> = {
  assigned: "idle",
  preparing: "info",
  running: "live",
  frozen: "warn",
  collecting: "info",
  ended: "done",
};

export const WORKLOAD_TONES: Readonly<Record<WorkloadView["state"], Tone>> = {
  pending: "idle",
  ordered: "info",
  leased: "info",
  starting: "info",
  running: "live",
  frozen: "warn",
  finishing: "info",
  succeeded: "done",
  failed: "bad",
  cancelled: "idle",
};
