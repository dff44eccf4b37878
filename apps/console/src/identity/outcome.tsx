import { useLingui } from "@lingui/react/macro";
import { loadWordsOf } from "../app/messages.ts";
import { ProblemText } from "../problems/problem-text.tsx";
import { failureOf, type KeyFailure } from "./failure.ts";

// Dialogs outside of the sign-in tell failures of keys too, and their words are a part of their own.
loadWordsOf("identity").catch(() => undefined);

/** What happened, and what to do, for each way in which a key or a transaction fails. */
function useWords(): Readonly<Record<Exclude<KeyFailure, "other">, readonly [string, string]>> {
  const { t } = useLingui();
  return {
    rejected: [
      t`It was refused, and nothing was signed.`,
      t`No money has moved. Press the button again when you want to sign.`,
    ],
    "wrong-chain": [
      t`The wallet is on another chain.`,
      t`Switch it to the market's chain, and try again. Nothing was sent.`,
    ],
    dropped: [
      t`The transaction has not been taken into a block.`,
      t`It may still be. Look in the wallet before you send it again, or speed it up there.`,
    ],
    "no-funds": [t`There is not enough of the token.`, t`Deposit or receive more of it first. Nothing was sent.`],
    "no-gas": [t`The account cannot pay for gas.`, t`It needs a little of the chain's own coin. Nothing was sent.`],
    locked: [t`The wallet is locked, or does not allow this page.`, t`Unlock it and allow this page, and try again.`],
    gone: [t`The wallet is no longer there.`, t`Open it again, or sign in another way.`],
    "no-key": [t`This account's key is not in this browser.`, t`Sign out, and bring the key along from your copy.`],
    "wrong-passkey": [t`This passkey does not open the key.`, t`Use the passkey that the key was made with.`],
    "no-rpc": [t`This market names no access to its chain.`, t`Use a wallet: it brings its own.`],
    "other-market": [
      t`The coordinator names another market than it did before, or describes it falsely. Nothing was signed.`,
      t`Ask its operator, elsewhere, whether it was set up anew. Only then trust it again, in the settings.`,
    ],
    busy: [t`The wallet already asks something.`, t`Answer it there first.`],
  };
}

/** A failure of a key or of a transaction in plain words. */
export function OutcomeOfKey({ error }: { readonly error: unknown }) {
  const words = useWords();
  const kind = failureOf(error);
  return (
    <div
      role="alert"
      data-failure={kind}
      className={`rounded-(--radius) border px-3 py-2 text-sm ${kind === "rejected" ? "border-line" : "border-bad"}`}
    >
      {kind === "other" ? (
        <ProblemText error={error} bad />
      ) : (
        <>
          <p className={kind === "rejected" ? "" : "text-bad"}>{words[kind][0]}</p>
          <p className="text-muted">{words[kind][1]}</p>
        </>
      )}
    </div>
  );
}
