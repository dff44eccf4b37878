import type { WorkloadView } from "@corepool/protocol/resources";
import { downloadBlob } from "@corepool/sdk/blobs";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { z } from "zod";
import { client } from "../../data/client.ts";
import { Button } from "../../kit/ui/button.tsx";
import { Facts } from "../../kit/ui/page.tsx";
import { Hash } from "../../kit/values/hash.tsx";
import { bytesText } from "../../kit/values/quantities.ts";
import { State } from "../../kit/values/state.tsx";
import { ProblemText } from "../../problems/problem-text.tsx";

const metrics = z.object({ held_out_accuracy: z.number(), held_out_digits: z.number(), epochs: z.number() });
type Found = z.infer<typeof metrics>;

/** Downloads what the digits job measured, checks its hash, and shows it. */
export function Result({ workload, onOpened }: { readonly workload: WorkloadView; readonly onOpened: () => void }) {
  const { t, i18n } = useLingui();
  const [found, setFound] = useState<Found | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(undefined);
  const output = workload.outputs.find(({ path }) => path.endsWith("metrics.json"));
  const open = async () => {
    if (output === undefined) return;
    setBusy(true);
    setFailure(undefined);
    try {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      // Ends in a rejection when the bytes are not those of the name: what is shown was checked.
      for await (const part of downloadBlob(client, output.hash, output.sizeBytes)) parts.push(new Uint8Array(part));
      setFound(metrics.parse(JSON.parse(await new Blob(parts).text())));
      onOpened();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const percent = (share: number) => i18n.number(share, { style: "percent", maximumFractionDigits: 1 });
  return (
    <>
      {found === undefined || output === undefined ? (
        <Button look="primary" busy={busy} disabled={output === undefined} onClick={() => void open()}>
          <Trans>Open the result</Trans>
        </Button>
      ) : (
        <div data-result className="flex w-full flex-col gap-2 rounded-(--radius) border border-line p-3 text-text">
          <Facts
            facts={[
              [
                t`Recognised`,
                t`${percent(found.held_out_accuracy)} of ${found.held_out_digits} digits that it had not seen`,
              ],
              [t`Epochs`, found.epochs],
              [t`File`, `${output.path} · ${bytesText(output.sizeBytes)}`],
              [t`Hash`, <Hash key="h" value={output.hash} />],
            ]}
          />
          <State tone="done">
            <Trans>The bytes have the hash that the market names</Trans>
          </State>
        </div>
      )}
      {failure === undefined ? null : (
        <div role="alert" className="text-sm">
          <ProblemText error={failure} bad />
        </div>
      )}
    </>
  );
}
