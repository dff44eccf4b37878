import type { Token } from "@corepool/core/money";
import type { Scope } from "@corepool/protocol/route";
import { createApiKey, listApiKeys } from "@corepool/protocol/routes/accounts";
import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { useCommand } from "../../data/query.ts";
import { sdkText, yamlText } from "../../kit/form/copy-as.ts";
import { CopyAs } from "../../kit/form/copy-as-button.tsx";
import { FormFailure, MoneyField, SelectField, SetField, TextField } from "../../kit/form/fields.tsx";
import { useForm } from "../../kit/form/use-form.ts";
import { Button } from "../../kit/ui/button.tsx";
import { CopyButton } from "../../kit/ui/copy.tsx";
import { Dialog } from "../../kit/ui/dialog.tsx";

const DAY_MS = 86_400_000;

/** The secret of a new key: shown this once. */
function Secret({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }) {
  return (
    <Dialog
      title={<Trans>The key is made</Trans>}
      onClose={onClose}
      actions={
        <Button look="primary" onClick={onClose}>
          <Trans>I have kept it</Trans>
        </Button>
      }
    >
      <div className="flex flex-col gap-3 p-4">
        <p className="text-sm text-muted">
          <Trans>
            This is its secret. It is shown this once and kept nowhere; a lost one cannot be read again, only replaced.
          </Trans>
        </p>
        <p className="flex items-start gap-2 rounded-(--radius) border border-line bg-bg p-3 font-mono text-sm">
          <span className="min-w-0 flex-1 break-all" data-secret>
            {secret}
          </span>
          <CopyButton text={secret} />
        </p>
      </div>
    </Dialog>
  );
}

/** Makes an API key. */
export function NewKeyDialog({
  route,
  token,
  onClose,
}: {
  readonly route: typeof createApiKey;
  readonly token: Token | undefined;
  readonly onClose: () => void;
}) {
  const { t } = useLingui();
  const create = useCommand(route, { touches: [listApiKeys] });
  const [secret, setSecret] = useState<string | undefined>(undefined);
  const [days, setDays] = useState("90");
  const form = useForm({
    schema: route.body,
    initial: { scopes: ["workloads:read"] },
    send: async (body) => {
      const expiresAt = days === "" ? {} : { expiresAt: new Date(Date.now() + Number(days) * DAY_MS).toISOString() };
      setSecret((await create.mutateAsync({ body: { ...body, ...expiresAt } })).secret);
    },
  });
  if (secret !== undefined) return <Secret secret={secret} onClose={onClose} />;
  // An agent signs in with its machine's own key.
  const meanings: Readonly<Record<Exclude<Scope, "agent">, string>> = {
    "account:read": t`balances and keys`,
    "workloads:read": t`see workloads, logs and receipts`,
    "workloads:write": t`submit and stop workloads: this spends`,
    "leases:write": t`pay for leases that are open`,
    "blobs:read": t`read files`,
    "blobs:write": t`store files`,
    "keys:write": t`make and revoke keys`,
    "mandates:write": t`give and drop mandates`,
    "machines:write": t`run machines dry and put them back to work`,
  };
  const scopes = Object.entries(meanings).map(([scope, meaning]) => [scope, scope, meaning] as const);
  // Where the days end is told by the dialog: the same text today and tomorrow would not be the same key.
  const daysField = {
    get: () => days,
    set: (_: string, value: unknown) => setDays(typeof value === "string" ? value : ""),
    problemAt: () => undefined,
    leave: () => undefined,
  };
  return (
    <Dialog
      title={<Trans>New API key</Trans>}
      onClose={onClose}
      actions={
        <>
          <span className="mr-auto">
            <CopyAs
              same={{
                sdk: sdkText(createApiKey, "routes/accounts", { body: form.document }),
                yaml: yamlText(form.document),
              }}
            />
          </span>
          <Button look="quiet" onClick={onClose}>
            <Trans>Cancel</Trans>
          </Button>
          <Button look="primary" type="submit" form="new-key" busy={form.busy}>
            <Trans>Make the key</Trans>
          </Button>
        </>
      }
    >
      <form
        id="new-key"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void form.submit();
        }}
        className="flex flex-col gap-4 p-4"
      >
        <TextField form={form} at="/name" label={t`Name`} hint={t`What uses it, so that you know which to revoke.`} />
        <SetField form={form} at="/scopes" label={t`It may`} options={scopes} />
        <div className="grid gap-4 md:grid-cols-2">
          {token === undefined ? null : (
            <MoneyField
              form={form}
              at="/spendCap"
              token={token}
              label={t`Spending cap`}
              hint={t`Empty: no cap of its own.`}
            />
          )}
          <SelectField
            form={daysField}
            at="/days"
            label={t`Expires`}
            options={[
              ["7", t`in 7 days`],
              ["30", t`in 30 days`],
              ["90", t`in 90 days`],
              ["365", t`in a year`],
              ["", t`never`],
            ]}
          />
        </div>
        <FormFailure form={form} />
      </form>
    </Dialog>
  );
}
