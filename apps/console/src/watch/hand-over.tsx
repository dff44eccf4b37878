import { createApiKey } from "@corepool/protocol/routes/accounts";
import { getMarket } from "@corepool/protocol/routes/market";
import { Trans } from "@lingui/react/macro";
import { useState } from "react";
import { call } from "../data/client.ts";
import { useRoute } from "../data/query.ts";
import { OutcomeOfKey } from "../identity/outcome.tsx";
import { cliText, shellWord } from "../kit/form/copy-as.ts";
import { Button } from "../kit/ui/button.tsx";
import { CopyButton } from "../kit/ui/copy.tsx";
import { Dialog } from "../kit/ui/dialog.tsx";
import { ICONS } from "../kit/ui/icon.tsx";
import { saveFile } from "../kit/ui/save-file.ts";
import { Hash } from "../kit/values/hash.tsx";
import { Money } from "../kit/values/money.tsx";
import { Duration } from "../kit/values/time.tsx";
import { keptJobNamed } from "./kept.ts";
import type { Watched } from "./watches.ts";

const DAY_MS = 86_400_000;

/** A key of the API that can read the job and hand payment notes over, and spends nothing by itself. */
async function keyFor(workload: string, durationSeconds: number): Promise<string> {
  const expiresAt = new Date(Date.now() + durationSeconds * 1_000 + DAY_MS).toISOString();
  const { secret } = await call(createApiKey, {
    body: { name: `watch ${workload}`.slice(0, 40), scopes: ["workloads:read", "leases:write"], expiresAt },
  });
  return secret;
}

/** Hands one job to `corepool watch` on some machine. */
function Background({ watched }: { readonly watched: Watched }) {
  const [command, setCommand] = useState<string | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(undefined);
  const { workload } = watched;
  const save = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      const job = await keptJobNamed(workload);
      if (job === undefined) throw new Error("The job has ended.");
      const secret = await keyFor(workload, job.wish.spec.durationSeconds);
      saveFile(`${workload}.json`, `${JSON.stringify(job, undefined, 2)}\n`, "application/json");
      setCommand(
        `COREPOOL_API_KEY=${shellWord(secret)} ${cliText(["watch", workload, "--take", `${workload}.json`, "--url", location.origin])}`,
      );
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="flex flex-col items-start gap-2">
      <div className="flex flex-wrap items-center gap-3">
        <Hash value={workload} />
        <Button icon={ICONS.download} busy={busy} onClick={() => void save()}>
          <Trans>Save its watch file</Trans>
        </Button>
      </div>
      {command === undefined ? null : (
        <>
          <p className="text-sm text-muted">
            <Trans>Run this where the file was saved. As soon as it says that it pays, this tab can be closed.</Trans>
          </p>
          <p className="flex w-full items-start gap-2 rounded-(--radius) border border-line bg-bg p-3 font-mono text-sm">
            <span className="min-w-0 flex-1 break-all">{command}</span>
            <CopyButton text={command} />
          </p>
        </>
      )}
      {failure === undefined ? null : <OutcomeOfKey error={failure} />}
    </div>
  );
}

/** What to do with running jobs before the tab that pays them is closed. */
export default function HandOver({
  watched,
  onClose,
}: {
  readonly watched: readonly Watched[];
  readonly onClose: () => void;
}) {
  const tokens = useRoute(getMarket, {}).data?.tokens ?? [];
  const [first] = watched;
  const token = tokens.find((each) => each.address.toLowerCase() === first?.token.toLowerCase());
  return (
    <Dialog title={<Trans>Before you close this tab</Trans>} onClose={onClose}>
      <div className="flex flex-col gap-5 p-4">
        <section className="flex flex-col gap-2">
          <h3 className="font-medium">
            <Trans>Let a program pay instead</Trans>
          </h3>
          <p className="text-sm text-muted">
            <Trans>
              The file holds the key of this one lease, and the job with its environment. Whoever has it can pay out the
              rest of its escrow to the provider, and spend nothing else.
            </Trans>
          </p>
          {watched.map((each) => (
            <Background key={each.workload} watched={each} />
          ))}
        </section>
        <section className="flex flex-col gap-2">
          <h3 className="font-medium">
            <Trans>Or close it all the same</Trans>
          </h3>
          <p className="text-sm text-muted">
            <Trans>
              Payments stop. The machine freezes the job after its grace, holds it for a while, and then ends it; what
              was not used comes back.
            </Trans>
          </p>
          {first === undefined || token === undefined ? null : (
            <p className="text-sm text-muted">
              <Trans>
                The grace is <Duration ms={first.graceSeconds * 1_000} />: it can cost{" "}
                <Money base={first.rate * BigInt(first.graceSeconds)} token={token} /> at most. Open this browser again
                in time, and the job goes on.
              </Trans>
            </p>
          )}
        </section>
        <section className="flex flex-col gap-2">
          <h3 className="font-medium">
            <Trans>Next time: a mandate</Trans>
          </h3>
          <p className="text-sm text-muted">
            <Trans>
              When you order a job, you can let the market's operator pay for it. Then nothing of yours needs to run,
              and the most that a dishonest operator could waste is that job's escrow.
            </Trans>
          </p>
        </section>
      </div>
    </Dialog>
  );
}
