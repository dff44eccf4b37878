import type { Token } from "@corepool/core/money";
import type { apiKey, Market } from "@corepool/protocol/resources";
import { listApiKeys, listMandates } from "@corepool/protocol/routes/accounts";
import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import type { z } from "zod";
import { Link } from "../../app/link.tsx";
import { useWholeList } from "../../data/whole-list.ts";
import { Bar } from "../../kit/chart/sparkline.tsx";
import { Section } from "../../kit/ui/page.tsx";
import { Failure, Skeleton } from "../../kit/ui/states.tsx";
import { Money } from "../../kit/values/money.tsx";
import { useNow } from "../../kit/values/time.tsx";
import { type MandateView, shareOf, stateOf } from "./mandate.ts";

type ApiKey = z.output<typeof apiKey>;

function Cap({
  name,
  kind,
  used,
  of,
  token,
}: {
  readonly name: ReactNode;
  readonly kind: string;
  readonly used: string;
  readonly of: string;
  readonly token: Token;
}) {
  const { t } = useLingui();
  const share = shareOf(used, of);
  const percent = Math.round(share * 100);
  return (
    <li className="grid grid-cols-1 items-center gap-x-6 gap-y-1 border-t border-line py-2.5 text-sm md:grid-cols-[minmax(8rem,1fr)_minmax(8rem,1fr)_minmax(12rem,1.2fr)]">
      <div className="min-w-0">
        <p className="truncate font-medium">{name}</p>
        <p className="text-xs text-faint">{kind}</p>
      </div>
      <Bar share={share} label={t`Used: ${percent} %`} tone={share >= 0.9 ? "bad" : share >= 0.7 ? "warn" : "accent"} />
      <p className="text-muted">
        <Trans>
          <Money base={used} token={token} /> of <Money base={of} token={token} />
        </Trans>{" "}
        <span className="tabular-nums">({percent} %)</span>
      </p>
    </li>
  );
}

/** What may spend for the account without asking each time, each with its cap and what is used of it. */
export function Caps({ market }: { readonly market: Market }) {
  const { t } = useLingui();
  const now = useNow();
  const keys = useWholeList<ApiKey>(listApiKeys, {}, { every: 15_000 });
  const mandates = useWholeList<MandateView>(listMandates, {}, { every: 15_000 });
  const first = market.tokens[0];
  const tokenOf = (address: string): Token | undefined =>
    market.tokens.find((each) => each.address.toLowerCase() === address.toLowerCase());
  const error = keys.error ?? mandates.error;
  const live = keys.rows.filter(
    (key) => key.revokedAt === null && (key.expiresAt === null || Date.parse(key.expiresAt) > now),
  );
  const capped = live.filter((key) => key.spendCap !== null);
  const free = live.length - capped.length;
  const granted = mandates.rows.filter((each) => stateOf(each, now) === "granted");
  return (
    <Section title={<Trans>Caps</Trans>} note={<Trans>What may spend for you, and how much of it is used.</Trans>}>
      {!keys.ready || !mandates.ready ? (
        error === null ? (
          <Skeleton className="h-12 w-full" />
        ) : (
          <Failure error={error} again={() => [keys.again(), mandates.again()]} />
        )
      ) : capped.length + granted.length === 0 ? (
        <p className="text-muted">
          <Trans>No API key with a cap and no mandate: nothing spends without your own signature.</Trans>
        </p>
      ) : (
        <ul>
          {first === undefined
            ? null
            : capped.map((key) => (
                <Cap
                  key={key.id}
                  name={key.name}
                  kind={t`API key`}
                  used={key.spent}
                  of={key.spendCap ?? "0"}
                  token={first}
                />
              ))}
          {granted.map(({ id, mandate, committed }) => {
            const token = tokenOf(mandate.token);
            return token === undefined ? null : (
              <Cap
                key={id}
                name={
                  <Link to="/billing?part=mandates" className="font-mono text-accent underline underline-offset-2">
                    {id}
                  </Link>
                }
                kind={t`Mandate`}
                used={committed}
                of={mandate.maxTotal}
                token={token}
              />
            );
          })}
        </ul>
      )}
      {free === 0 ? null : (
        <p className="mt-2 text-sm text-warn">
          <Trans>{free} API keys have no cap of their own.</Trans>{" "}
          <Link to="/settings" className="underline underline-offset-2">
            <Trans>Open the keys</Trans>
          </Link>
        </p>
      )}
    </Section>
  );
}
