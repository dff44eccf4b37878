import type { Token } from "@corepool/core/money";
import type { LedgerEntry, Market } from "@corepool/protocol/resources";
import { listLedger } from "@corepool/protocol/routes/billing";
import { getMarket } from "@corepool/protocol/routes/market";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMemo } from "react";
import { useSearch, useSetSearch } from "../../app/screen.ts";
import { useRoute } from "../../data/query.ts";
import { useWholeList } from "../../data/whole-list.ts";
import type { Column } from "../../kit/table/model.ts";
import { Table } from "../../kit/table/table.tsx";
import { Inspector } from "../../kit/ui/inspector.tsx";
import { Empty } from "../../kit/ui/states.tsx";
import { Hash } from "../../kit/values/hash.tsx";
import { State } from "../../kit/values/state.tsx";
import { Time } from "../../kit/values/time.tsx";
import { Change, ReceiptLink, useKindName } from "./entry.tsx";
import { EntryDetail } from "./entry-detail.tsx";
import screen, { KINDS } from "./screen.ts";

const NO_TOKENS: Market["tokens"] = [];
const idOf = (entry: LedgerEntry): string => entry.id;

function useColumns(tokenOf: (address: string) => Token | undefined): readonly Column<LedgerEntry>[] {
  const { t } = useLingui();
  const kindName = useKindName();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the names change with the language, as `t` does
  return useMemo(
    () => [
      {
        id: "at",
        header: t`Time`,
        width: 176,
        // On a phone what and how much stand first; the open row tells when.
        wide: true,
        cell: (row) => <Time at={row.at} />,
        value: (row) => row.at,
      },
      {
        id: "kind",
        header: t`What`,
        width: 152,
        cell: (row) => kindName(row.kind),
        value: (row) => kindName(row.kind),
      },
      {
        id: "cash",
        header: t`Cash`,
        width: 184,
        align: "end",
        cell: (row) => <Amount base={row.cash} token={tokenOf(row.token)} />,
        value: (row) => BigInt(row.cash),
      },
      {
        id: "escrow",
        header: t`Escrow`,
        width: 192,
        align: "end",
        wide: true,
        cell: (row) => <Amount base={row.escrow} token={tokenOf(row.token)} />,
        value: (row) => BigInt(row.escrow),
      },
      {
        id: "receipt",
        header: t`Receipt`,
        width: 128,
        wide: true,
        cell: (row) =>
          row.workload === null ? (
            <span className="text-faint">–</span>
          ) : (
            <ReceiptLink workload={row.workload}>{t`Open receipt`}</ReceiptLink>
          ),
        value: (row) => row.workload ?? undefined,
      },
      {
        id: "transaction",
        header: t`Transaction`,
        width: 168,
        wide: true,
        cell: (row) => <Hash value={row.transaction} />,
        value: (row) => row.transaction,
      },
      {
        id: "final",
        header: t`State`,
        width: 112,
        wide: true,
        cell: (row) => (row.final ? <State tone="done">{t`Final`}</State> : <State tone="info">{t`In a block`}</State>),
        value: (row) => row.final,
      },
      {
        id: "block",
        header: t`Block`,
        width: 96,
        align: "end",
        hidden: true,
        cell: (row) => row.block,
        value: (row) => BigInt(row.block),
      },
      {
        id: "lease",
        header: t`Lease`,
        width: 168,
        hidden: true,
        cell: (row) => (row.lease === null ? "–" : <Hash value={row.lease} />),
        value: (row) => row.lease ?? undefined,
      },
      {
        id: "token",
        header: t`Token`,
        width: 80,
        hidden: true,
        cell: (row) => tokenOf(row.token)?.symbol ?? row.token,
        value: (row) => tokenOf(row.token)?.symbol ?? row.token,
      },
    ],
    [t, tokenOf],
  );
}

function Amount({ base, token }: { readonly base: string; readonly token: Token | undefined }) {
  return token === undefined ? <span className="font-mono">{base}</span> : <Change base={base} token={token} />;
}

/** Every movement of the account's money on chain, the newest first; a row opens its receipt and its transaction. */
export function Ledger() {
  const { t } = useLingui();
  const kindName = useKindName();
  const search = useSearch(screen);
  const setSearch = useSetSearch(screen);
  const market = useRoute(getMarket, {}, { every: 15_000 });
  const tokens = market.data?.tokens ?? NO_TOKENS;
  const tokenOf = useMemo(() => {
    const known = new Map(tokens.map((token) => [token.address.toLowerCase(), token]));
    return (address: string): Token | undefined => known.get(address.toLowerCase());
  }, [tokens]);
  const { kind, token } = search;
  const ledger = useWholeList<LedgerEntry>(
    listLedger,
    { ...(kind === undefined ? {} : { kind }), ...(token === undefined ? {} : { token }) },
    { every: 30_000 },
  );
  const columns = useColumns(tokenOf);
  const open = search.open === undefined ? undefined : ledger.rows.find((each) => each.id === search.open);
  const select = "row rounded-(--radius) border border-faint bg-bg px-2 text-sm";
  return (
    <div className="flex min-h-0 flex-1">
      <div className="min-w-0 flex-1">
        <Table
          id="ledger"
          label={t`Ledger`}
          data={ledger}
          columns={columns}
          rowId={idOf}
          search={search}
          setSearch={setSearch as (patch: Readonly<Record<string, unknown>>) => void}
          onOpen={(entry) => setSearch({ open: search.open === entry.id ? undefined : entry.id })}
          filters={
            <>
              <select
                aria-label={t`What`}
                value={kind ?? ""}
                onChange={(event) => setSearch({ kind: KINDS.find((each) => each === event.target.value) })}
                className={select}
              >
                <option value="">{t`Every kind`}</option>
                {KINDS.map((each) => (
                  <option key={each} value={each}>
                    {kindName(each)}
                  </option>
                ))}
              </select>
              {tokens.length > 1 ? (
                <select
                  aria-label={t`Token`}
                  value={token ?? ""}
                  onChange={(event) => setSearch({ token: event.target.value === "" ? undefined : event.target.value })}
                  className={select}
                >
                  <option value="">{t`Every token`}</option>
                  {tokens.map((each) => (
                    <option key={each.address} value={each.address}>
                      {each.symbol}
                    </option>
                  ))}
                </select>
              ) : null}
            </>
          }
          empty={
            kind === undefined && token === undefined ? (
              <Empty title={<Trans>No money has moved yet</Trans>}>
                <Trans>
                  A deposit is the first entry. Then every lease adds its escrow, what was paid, the fee and the refund,
                  each with its transaction.
                </Trans>
              </Empty>
            ) : (
              <Empty title={<Trans>No entry fits</Trans>}>
                <Trans>Loosen the filters above the table.</Trans>
              </Empty>
            )
          }
        />
      </div>
      {open === undefined ? null : (
        <Inspector title={kindName(open.kind)} onClose={() => setSearch({ open: undefined })}>
          <EntryDetail key={open.id} entry={open} token={tokenOf(open.token)} market={market.data} />
        </Inspector>
      )}
    </div>
  );
}
