import type { Token } from "@corepool/core/money";
import type { apiKey } from "@corepool/protocol/resources";
import { createApiKey, listApiKeys, revokeApiKey } from "@corepool/protocol/routes/accounts";
import { getMarket } from "@corepool/protocol/routes/market";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import type { z } from "zod";
import { useCommand, useRoute } from "../../data/query.ts";
import { useWholeList } from "../../data/whole-list.ts";
import { Button } from "../../kit/ui/button.tsx";
import { EffectsDialog } from "../../kit/ui/effects-dialog.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { Section } from "../../kit/ui/page.tsx";
import { Failure, Skeleton, Stale } from "../../kit/ui/states.tsx";
import { Money } from "../../kit/values/money.tsx";
import { State } from "../../kit/values/state.tsx";
import { Ago, Time } from "../../kit/values/time.tsx";
import { NewKeyDialog } from "./new-key-dialog.tsx";

type ApiKey = z.output<typeof apiKey>;

function KeyState({ api }: { readonly api: ApiKey }) {
  const { t } = useLingui();
  if (api.revokedAt !== null) return <State tone="idle">{t`Revoked`}</State>;
  if (api.expiresAt !== null && Date.parse(api.expiresAt) <= Date.now()) return <State tone="idle">{t`Expired`}</State>;
  return <State tone="live">{t`Active`}</State>;
}

function Row({
  api,
  token,
  onRevoke,
}: {
  readonly api: ApiKey;
  readonly token: Token | undefined;
  readonly onRevoke: () => void;
}) {
  return (
    <li className="grid grid-cols-1 items-center gap-x-6 gap-y-1 border-b border-line py-2.5 text-sm md:grid-cols-[minmax(8rem,1fr)_minmax(0,1.4fr)_minmax(10rem,1fr)_auto]">
      <div className="min-w-0">
        <p className="truncate font-medium">{api.name}</p>
        <KeyState api={api} />
      </div>
      <p className="font-mono text-xs text-muted">{api.scopes.join("  ")}</p>
      <div className="text-muted">
        {token === undefined ? null : (
          <p>
            {api.spendCap === null ? (
              <Trans>
                Spent <Money base={api.spent} token={token} />, no cap
              </Trans>
            ) : (
              <Trans>
                Spent <Money base={api.spent} token={token} /> of <Money base={api.spendCap} token={token} />
              </Trans>
            )}
          </p>
        )}
        <p>
          {api.lastUsedAt === null ? (
            <Trans>Never used</Trans>
          ) : (
            <Trans>
              Last used <Ago at={api.lastUsedAt} /> ago
            </Trans>
          )}
          {api.expiresAt === null ? null : (
            <>
              {" · "}
              <Trans>
                until <Time at={api.expiresAt} />
              </Trans>
            </>
          )}
        </p>
      </div>
      <div className="justify-self-start md:justify-self-end">
        {api.revokedAt === null ? (
          <Button look="quiet" onClick={onRevoke}>
            <Trans>Revoke</Trans>
          </Button>
        ) : null}
      </div>
    </li>
  );
}

/** The account's API keys: what each may do, what it may spend, and how to take it back. */
export function ApiKeys() {
  const keys = useWholeList<ApiKey>(listApiKeys, {});
  const market = useRoute(getMarket, {});
  const revoke = useCommand(revokeApiKey, { touches: [listApiKeys] });
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | undefined>(undefined);
  const token = market.data?.tokens[0];
  return (
    <Section
      title={<Trans>API keys</Trans>}
      note={<Trans>A key does what its scopes say and spends no more than its cap.</Trans>}
      actions={
        <Button icon={ICONS.plus} onClick={() => setMaking(true)}>
          <Trans>New key</Trans>
        </Button>
      }
    >
      {keys.error !== null && keys.ready ? <Stale at={keys.at} again={keys.again} /> : null}
      {keys.error !== null && !keys.ready ? (
        <Failure error={keys.error} again={keys.again} />
      ) : keys.ready ? (
        keys.rows.length === 0 ? (
          <p className="text-muted">
            <Trans>There is no key yet.</Trans>
          </p>
        ) : (
          <ul className="border-t border-line">
            {keys.rows.map((api) => (
              <Row key={api.id} api={api} token={token} onRevoke={() => setRevoking(api)} />
            ))}
          </ul>
        )
      ) : (
        <Skeleton className="h-12 w-full" />
      )}
      {making ? <NewKeyDialog route={createApiKey} token={token} onClose={() => setMaking(false)} /> : null}
      {revoking === undefined ? null : (
        <EffectsDialog
          title={<Trans>Revoke {revoking.name}?</Trans>}
          danger
          confirm={<Trans>Revoke</Trans>}
          effects={{
            money: <Trans>What it has spent stays spent. Leases that are open go on until they end.</Trans>,
            data: <Trans>Nothing is deleted. Programs that use this key are refused from now on.</Trans>,
            time: <Trans>At once, and for good.</Trans>,
          }}
          run={() => revoke.mutateAsync({ params: { id: revoking.id } })}
          onClose={() => setRevoking(undefined)}
        />
      )}
    </Section>
  );
}
