import { Trans, useLingui } from "@lingui/react/macro";
import { lazy, Suspense, useState } from "react";
import { go } from "../app/place.ts";
import { useStore } from "../app/store.ts";
import { Choice } from "../kit/form/choice.tsx";
import { Button } from "../kit/ui/button.tsx";
import { Dialog } from "../kit/ui/dialog.tsx";
import { Facts } from "../kit/ui/page.tsx";
import { Skeleton } from "../kit/ui/states.tsx";
import { AddressView } from "../kit/values/hash.tsx";
import { Time } from "../kit/values/time.tsx";
import { identity, leave } from "./identity.ts";
import type { Identity, IdentityKind } from "./port.ts";
import { isNewHere } from "./welcome.ts";

const WalletPane = lazy(() => import("./wallet/wallet-pane.tsx"));
const BrowserKeyPane = lazy(() => import("./browser-key/browser-key-pane.tsx"));
const BackUp = lazy(() => import("./browser-key/back-up.tsx"));

function Mine({ who, onClose }: { readonly who: Identity; readonly onClose: () => void }) {
  const { t } = useLingui();
  return (
    <>
      <div className="p-4">
        <Facts
          facts={[
            [t`Address`, <AddressView key="a" address={who.address} full />],
            [t`Key`, who.kind === "wallet" ? who.label : t`In this browser, behind your passkey`],
            [t`Signed in until`, <Time key="t" at={who.expiresAt} />],
          ]}
        />
      </div>
      {who.kind === "browser-key" ? (
        <Suspense fallback={<Skeleton className="m-4 h-24 w-full" />}>
          <BackUp address={who.address} />
        </Suspense>
      ) : null}
      <div className="flex items-center justify-between gap-4 border-t border-line px-4 py-3">
        <p className="text-sm text-muted">
          <Trans>Signing out ends this tab's session. The key stays where it is.</Trans>
        </p>
        <Button
          onClick={() => {
            void leave();
            onClose();
          }}
        >
          <Trans>Sign out</Trans>
        </Button>
      </div>
    </>
  );
}

/** Who you are here: sign in by one of two ways, or see and leave the identity of this tab. */
export default function SignInDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLingui();
  const who = useStore(identity);
  const [kind, setKind] = useState<IdentityKind>("wallet");
  const done = () => {
    onClose();
    void isNewHere(location.pathname).then((is) => (is ? go("/start") : undefined));
  };
  return (
    <Dialog title={who === undefined ? <Trans>Sign in</Trans> : <Trans>Your account</Trans>} onClose={onClose}>
      {who === undefined ? (
        <div className="flex flex-col gap-4 p-4">
          <Choice
            label={t`Where your key lives`}
            value={kind}
            options={[
              ["wallet", t`My wallet`],
              ["browser-key", t`This browser, with a passkey`],
            ]}
            onChange={setKind}
          />
          <Suspense fallback={<Skeleton className="h-32 w-full" />}>
            {kind === "wallet" ? <WalletPane onDone={done} /> : <BrowserKeyPane onDone={done} />}
          </Suspense>
        </div>
      ) : (
        <Mine who={who} onClose={onClose} />
      )}
    </Dialog>
  );
}
