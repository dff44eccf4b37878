import type { Hex } from "@corepool/core/hex";
import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { Button } from "../../kit/ui/button.tsx";
import { KeystoreError, privateKeyOf, readKeystore } from "./keystore.ts";

const INPUT = "row rounded-(--radius) border border-faint bg-bg px-2.5 text-base text-text";

/** Takes a private key, or a keystore file with its passphrase. */
export function ImportKey({ busy, onKey }: { readonly busy: boolean; readonly onKey: (key: Hex) => void }) {
  const { t } = useLingui();
  const [pasted, setPasted] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const isFile = pasted.trimStart().startsWith("{");
  const take = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    try {
      const key = isFile ? await readKeystore(pasted, passphrase) : privateKeyOf(pasted);
      if (key === undefined)
        setProblem(t`This is no private key: 64 hexadecimal digits are needed, or the text of a keystore file.`);
      else onKey(key);
    } catch (error) {
      setProblem(
        error instanceof KeystoreError && error.reason === "wrong-passphrase"
          ? t`The passphrase does not open this file.`
          : t`This is no keystore file of version 3 that can be read here.`,
      );
    }
  };
  return (
    <form onSubmit={(event) => void take(event)} className="flex flex-col gap-3">
      <label className="flex flex-col gap-1 text-sm text-muted">
        <Trans>Private key, or the text of a keystore file</Trans>
        <textarea
          rows={3}
          value={pasted}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setPasted(event.target.value)}
          className={`${INPUT} py-2 font-mono text-sm`}
        />
      </label>
      <input
        type="file"
        accept=".json,application/json"
        aria-label={t`Choose a keystore file`}
        onChange={(event) => void event.target.files?.[0]?.text().then(setPasted)}
        className="text-sm text-muted"
      />
      {isFile ? (
        <label className="flex flex-col gap-1 text-sm text-muted">
          <Trans>Its passphrase</Trans>
          <input
            type="password"
            value={passphrase}
            autoComplete="off"
            onChange={(event) => setPassphrase(event.target.value)}
            className={INPUT}
          />
        </label>
      ) : null}
      {problem === undefined ? null : (
        <p role="alert" className="text-sm text-bad">
          {problem}
        </p>
      )}
      <div>
        <Button look="primary" type="submit" busy={busy} disabled={pasted.trim() === ""}>
          <Trans>Lock it with a passkey here</Trans>
        </Button>
      </div>
    </form>
  );
}
