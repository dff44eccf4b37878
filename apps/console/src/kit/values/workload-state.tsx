import type { WorkloadView } from "@corepool/protocol/resources";
import { useLingui } from "@lingui/react/macro";
import { State, type Tone } from "./state.tsx";

const TONES: Readonly<Record<WorkloadView["state"], Tone>> = {
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

/** A workload's state in words. */
export function useWorkloadStateName(): (state: WorkloadView["state"]) => string {
  const { t } = useLingui();
  return (state) =>
    ({
      pending: t`Pending`,
      ordered: t`Ordered`,
      leased: t`Leased`,
      starting: t`Starting`,
      running: t`Running`,
      frozen: t`Frozen`,
      finishing: t`Finishing`,
      succeeded: t`Succeeded`,
      failed: t`Failed`,
      cancelled: t`Cancelled`,
    })[state];
}

/** A workload's state: shape, word and colour. */
export function WorkloadState({ state }: { readonly state: WorkloadView["state"] }) {
  const name = useWorkloadStateName();
  return <State tone={TONES[state]}>{name(state)}</State>;
}
