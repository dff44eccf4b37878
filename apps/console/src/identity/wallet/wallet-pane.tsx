import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { ICONS, Icon } from "../../kit/ui/icon.tsx";
import { notify } from "../../shell/notices.ts";
import { enter } from "../identity.ts";
import { OutcomeOfKey } from "../outcome.tsx";
import type { FoundWallet } from "../port.ts";
import { connectWallet, watchWallets } from "./wallet.ts";

/** The wallets of this browser, and the way in by one. */
export default function WalletPane({ onDone }: { readonly onDone: () => void }) {
  const { t } = useLingui();
  const [wallets, setWallets] = useState<readonly FoundWallet[] | undefined>(undefined);
  const [busy, setBusy] = useState<string | undefined>(undefined);
  const [failure, setFailure] = useState<unknown>(undefined);
  useEffect(() => {
    let stop: (() => void) | undefined;
    let left = false;
    watchWallets(setWallets).then(
      (leave) => {
        stop = leave;
        if (left) leave();
      },
      (error: unknown) => setFailure(error),
    );
    return () => {
      left = true;
      stop?.();
    };
  }, []);
  const go = async (wallet: FoundWallet) => {
    setBusy(wallet.id);
    setFailure(undefined);
    try {
      const { home, label } = await connectWallet(wallet.id);
      await enter("wallet", label, home);
      notify({ tone: "done", text: t`Signed in with ${wallet.name}` });
      onDone();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(undefined);
    }
  };
  return (
    <div className="flex flex-col gap-3">
      <p className="text-sm text-muted">
        <Trans>
          The wallet signs a message that names this site and an expiry. That costs nothing and moves nothing; every
          payment is asked for on its own.
        </Trans>
      </p>
      {wallets === undefined || wallets.length > 0 ? null : (
        <p className="rounded-(--radius) border border-line px-3 py-2 text-sm">
          <Trans>No wallet has announced itself in this browser. Install one, or use a key in this browser.</Trans>
        </p>
      )}
      <ul className="flex flex-col gap-2">
        {(wallets ?? []).map((wallet) => (
          <li key={wallet.id}>
            <button
              type="button"
              disabled={busy !== undefined}
              onClick={() => void go(wallet)}
              className="flex w-full items-center gap-3 rounded-(--radius) border border-line px-3 py-2.5 text-left hover:border-faint hover:bg-raised disabled:opacity-60"
            >
              {wallet.icon === undefined ? (
                <Icon path={ICONS.key} className="text-faint" />
              ) : (
                <img src={wallet.icon} alt="" className="size-6 rounded" />
              )}
              <span className="flex-1">{wallet.name}</span>
              {busy === wallet.id ? (
                <span className="text-sm text-muted" role="status">
                  <Trans>Waiting for the wallet</Trans>
                </span>
              ) : null}
            </button>
          </li>
        ))}
      </ul>
      {failure === undefined ? null : <OutcomeOfKey error={failure} />}
    </div>
  );
}
