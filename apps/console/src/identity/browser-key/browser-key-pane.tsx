import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { Button } from "../../kit/ui/button.tsx";
import { EffectsDialog } from "../../kit/ui/effects-dialog.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { AddressView } from "../../kit/values/hash.tsx";
import { notify } from "../../shell/notices.ts";
import { enter } from "../identity.ts";
import { OutcomeOfKey } from "../outcome.tsx";
import type { KeyHome } from "../port.ts";
import { createKey, openKey } from "./browser-key.ts";
import { ImportKey } from "./import-key.tsx";
import { passkeysPossible } from "./passkey.ts";
import { forgetKey, type StoredKey, storedKeys } from "./vault.ts";

/** What it means that a key lives here, before one is made. */
function Meaning() {
  return (
    <ul className="list-disc space-y-1 pl-4 text-sm text-muted">
      <li>
        <Trans>
          The key is made here and kept here, locked by your passkey. Nobody else has it, so nobody can give it back.
        </Trans>
      </li>
      <li>
        <Trans>
          If you clear this browser's data or lose the passkey, the account and its money are gone, unless you have a
          copy. Take one right after.
        </Trans>
      </li>
      <li>
        <Trans>It suits small amounts and trying things out. For more, use a wallet.</Trans>
      </li>
    </ul>
  );
}

/** A key in this browser: make one, open one, or bring one along. */
export default function BrowserKeyPane({ onDone }: { readonly onDone: () => void }) {
  const { t } = useLingui();
  const [keys, setKeys] = useState<readonly StoredKey[] | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const [importing, setImporting] = useState(false);
  const [forgetting, setForgetting] = useState<StoredKey | undefined>(undefined);
  const [failure, setFailure] = useState<unknown>(undefined);
  useEffect(() => {
    storedKeys().then(setKeys, setFailure);
  }, []);
  /** Answers whether a key may be kept that the passkey does not lock itself; there while that is asked. */
  const [weaker, setWeaker] = useState<{ readonly answer: (may: boolean) => void } | undefined>(undefined);
  const mayGate = () =>
    new Promise<boolean>((resolve) =>
      setWeaker({
        answer: (may) => {
          setWeaker(undefined);
          resolve(may);
        },
      }),
    );
  const possible = passkeysPossible(location.hostname, isSecureContext);
  const into = async (open: () => Promise<{ readonly home: KeyHome; readonly lasting: boolean }>) => {
    setBusy(true);
    setFailure(undefined);
    try {
      const { home, lasting } = await open();
      await enter("browser-key", "", home);
      notify({
        tone: "done",
        text: t`Signed in with the key in this browser`,
        detail: lasting
          ? undefined
          : t`The browser may clear it when the device runs out of room: save a copy, under your account.`,
      });
      onDone();
    } catch (error) {
      setFailure(error);
      setKeys(await storedKeys().catch(() => keys));
    } finally {
      setBusy(false);
    }
  };
  if (possible !== "yes")
    return (
      <div className="flex flex-col items-start gap-3 text-sm">
        {possible === "needs-name" ? (
          <p>
            <Trans>
              Passkeys are made for a name, and this page was opened by a bare address. Ask whoever runs this market for
              its name.
            </Trans>
          </p>
        ) : (
          <p>
            <Trans>Passkeys need a secure connection. Ask whoever runs this market for its https address.</Trans>
          </p>
        )}
      </div>
    );
  return (
    <div className="flex flex-col gap-4">
      {(keys ?? []).map((stored) => (
        <div
          key={stored.address}
          className="flex items-center justify-between gap-3 rounded-(--radius) border border-line px-3 py-2"
        >
          <div className="min-w-0">
            <AddressView address={stored.address} />
            <p className="text-xs text-faint">
              {stored.method === "prf" ? t`Locked by the passkey itself` : t`This browser asks for the passkey`}
            </p>
          </div>
          <span className="flex gap-2">
            <Button look="quiet" onClick={() => setForgetting(stored)}>
              <Trans>Forget</Trans>
            </Button>
            <Button
              look="primary"
              busy={busy}
              onClick={() => void into(async () => ({ home: await openKey(stored), lasting: true }))}
            >
              <Trans>Open</Trans>
            </Button>
          </span>
        </div>
      ))}
      <Meaning />
      {importing ? (
        <ImportKey busy={busy} onKey={(privateKey) => void into(() => createKey(mayGate, privateKey))} />
      ) : (
        <div className="flex flex-wrap gap-2">
          <Button
            look={keys?.length === 0 ? "primary" : "plain"}
            icon={ICONS.key}
            busy={busy}
            onClick={() => void into(() => createKey(mayGate))}
          >
            <Trans>Make a key with a passkey</Trans>
          </Button>
          <Button look="quiet" onClick={() => setImporting(true)}>
            <Trans>Bring a key along</Trans>
          </Button>
        </div>
      )}
      {weaker === undefined ? null : (
        <div
          role="alert"
          data-weaker-lock
          className="flex flex-col gap-2 rounded-(--radius) border border-warn px-3 py-2 text-sm"
        >
          <p>
            <Trans>
              This passkey cannot lock the key itself. The browser would keep the key beside its lock, and ask for the
              passkey: that stops whoever sits down here, not whoever copies this browser's files.
            </Trans>
          </p>
          <span className="flex flex-wrap gap-2">
            <Button look="plain" onClick={() => weaker.answer(true)}>
              <Trans>Keep it so</Trans>
            </Button>
            <Button look="quiet" onClick={() => weaker.answer(false)}>
              <Trans>Make no key</Trans>
            </Button>
          </span>
        </div>
      )}
      {failure === undefined ? null : <OutcomeOfKey error={failure} />}
      {forgetting === undefined ? null : (
        <EffectsDialog
          title={<Trans>Forget this key?</Trans>}
          danger
          confirm={<Trans>Forget</Trans>}
          effects={{
            money: (
              <Trans>What the account holds stays on the chain. Without a copy of the key nobody moves it again.</Trans>
            ),
            data: forgetting.backedUp ? (
              <Trans>The key is deleted here. You have saved a copy before.</Trans>
            ) : (
              <Trans>The key is deleted here, and no copy of it was saved.</Trans>
            ),
            time: <Trans>At once, and for good.</Trans>,
          }}
          run={async () => {
            await forgetKey(forgetting.address);
            setKeys(await storedKeys());
          }}
          onClose={() => setForgetting(undefined)}
        />
      )}
    </div>
  );
}
