import { useLingui } from "@lingui/react/macro";
import { State } from "../../kit/values/state.tsx";
import type { Step } from "./on-chain.ts";

/** What each call of a contract is called by people. */
function useCallName(): (call: string) => string {
  const { t } = useLingui();
  return (call) =>
    ({
      approve: t`Allow the market to take it`,
      deposit: t`Deposit`,
      withdraw: t`Withdraw`,
      revokeMandate: t`Revoke on chain`,
      cancelAll: t`Void what was signed`,
    })[call] ?? call;
}

/** The transactions of an act as they go: asked in the wallet, then in a block. */
export function Steps({ steps }: { readonly steps: readonly Step[] }) {
  const { t } = useLingui();
  const name = useCallName();
  const calls = [...new Set(steps.map((step) => step.call))];
  return (
    <ol role="status" className="flex flex-col gap-1 text-sm empty:hidden">
      {calls.map((call) => {
        const through = steps.some((step) => step.call === call && step.state === "in-block");
        return (
          <li key={call}>
            <State tone={through ? "done" : "info"}>
              {through
                ? t`${name(call)}: in a block`
                : t`${name(call)}: sign it in your wallet, then wait for the block`}
            </State>
          </li>
        );
      })}
    </ol>
  );
}
