import type { Address } from "@corepool/core/hex";
import { Trans } from "@lingui/react/macro";
import { useState } from "react";
import { loadWordsOf } from "../app/messages.ts";
import { takeTestFunds } from "../data/faucet.ts";
import { Button } from "../kit/ui/button.tsx";
import { ProblemText } from "../problems/problem-text.tsx";

// It stands on screens too, which do not load the words of signing in.
loadWordsOf("identity").catch(() => undefined);

/** Puts test funds into an account, on a market that has a faucet. */
export function TestFunds({ address, primary = false }: { readonly address: Address; readonly primary?: boolean }) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(undefined);
  const take = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      await takeTestFunds(address);
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button look={primary ? "primary" : "plain"} busy={busy} onClick={() => void take()}>
        <Trans>Get test funds</Trans>
      </Button>
      {failure === undefined ? null : (
        <div role="alert" className="text-sm">
          <ProblemText error={failure} bad />
        </div>
      )}
    </div>
  );
}
