import type { Address } from "@corepool/core/hex";
import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useEffect, useState } from "react";
import { Button } from "../../kit/ui/button.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { saveFile } from "../../kit/ui/save-file.ts";
import { State } from "../../kit/values/state.tsx";
import { OutcomeOfKey } from "../outcome.tsx";
import { reveal, storedKeyOf } from "./browser-key.ts";
import { writeKeystore } from "./keystore.ts";
import { keepKey, type StoredKey } from "./vault.ts";

/** Shortest passphrase of a copy: a file that leaves the device is tried at leisure. */
const SHORTEST = 10;

/** Takes a copy of the key out of this browser, as a file that only its passphrase opens. */
export default function BackUp({ address }: { readonly address: Address }) {
  const { t } = useLingui();
  const [stored, setStored] = useState<StoredKey | undefined>(undefined);
  const [passphrase, setPassphrase] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(undefined);
  useEffect(() => {
    storedKeyOf(address).then(setStored, setFailure);
  }, [address]);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (stored === undefined || passphrase.length < SHORTEST) return;
    setBusy(true);
    setFailure(undefined);
    try {
      const file = await writeKeystore(await reveal(stored), passphrase);
      saveFile(`corepool-${address.slice(2, 10).toLowerCase()}.json`, file, "application/json");
      const kept = { ...stored, backedUp: true };
      await keepKey(kept);
      setStored(kept);
      setPassphrase("");
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void save(event)} className="flex flex-col gap-3 border-t border-line p-4">
      <div className="flex items-center justify-between gap-3">
        <h3 className="font-medium">
          <Trans>A copy of your key</Trans>
        </h3>
        {stored === undefined ? null : stored.backedUp ? (
          <State tone="done">{t`Copied before`}</State>
        ) : (
          <State tone="warn">{t`No copy yet`}</State>
        )}
      </div>
      <p className="text-sm text-muted">
        {stored?.method === "gate" ? (
          <Trans>
            Your passkey cannot lock the key itself, so this browser keeps both and asks for the passkey. That stops
            whoever sits down here, not whoever copies this whole device.
          </Trans>
        ) : (
          <Trans>The passkey itself locks the key: a copy of this browser's files is worth nothing without it.</Trans>
        )}{" "}
        <Trans>
          The file opens in every common wallet, with the passphrase and nothing else. Forget the passphrase, and the
          file is worth nothing.
        </Trans>
      </p>
      <label className="flex flex-col gap-1 text-sm text-muted">
        <Trans>Passphrase, at least {SHORTEST} characters</Trans>
        <input
          type="password"
          autoComplete="new-password"
          value={passphrase}
          onChange={(event) => setPassphrase(event.target.value)}
          className="row rounded-(--radius) border border-faint bg-bg px-2.5 text-base text-text"
        />
      </label>
      {failure === undefined ? null : <OutcomeOfKey error={failure} />}
      <div>
        <Button
          type="submit"
          icon={ICONS.download}
          busy={busy}
          disabled={passphrase.length < SHORTEST || stored === undefined}
        >
          <Trans>Save the file</Trans>
        </Button>
      </div>
    </form>
  );
}
