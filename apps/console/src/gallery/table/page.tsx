import { CorepoolError } from "@corepool/core/errors";
import { useMemo, useState } from "react";
import { useSearch, useSetSearch } from "../../app/screen.ts";
import type { Column } from "../../kit/table/model.ts";
import { Table } from "../../kit/table/table.tsx";
import { PageHead } from "../../kit/ui/page.tsx";
import { Empty } from "../../kit/ui/states.tsx";
import { AddressView } from "../../kit/values/hash.tsx";
import { Rate } from "../../kit/values/money.tsx";
import { State } from "../../kit/values/state.tsx";
import screen from "./screen.ts";

interface Row {
  readonly id: string;
  readonly rate: bigint;
  readonly provider: string;
  readonly live: boolean;
}

const GP = { symbol: "GP", decimals: 18 };
const rowsOf = (count: number): readonly Row[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `row_${String(i).padStart(5, "0")}`,
    rate: BigInt((i * 7_919) % 10_007) * 10n ** 12n,
    provider: `0x${((i * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, "0").repeat(5)}`,
    live: i % 3 !== 0,
  }));

const columns: readonly Column<Row>[] = [
  {
    id: "state",
    header: "State",
    width: 104,
    cell: (row) => <State tone={row.live ? "live" : "idle"}>{row.live ? "Free" : "Offline"}</State>,
    value: (row) => (row.live ? "free" : "offline"),
  },
  {
    id: "rate",
    header: "Rate",
    width: 176,
    align: "end",
    cell: (row) => <Rate perSecond={row.rate} token={GP} />,
    value: (row) => row.rate,
  },
  {
    id: "provider",
    header: "Provider",
    wide: true,
    width: 200,
    cell: (row) => <AddressView address={row.provider} />,
    value: (row) => row.provider,
  },
  { id: "id", header: "Id", cell: (row) => <span className="font-mono">{row.id}</span>, value: (row) => row.id },
];
const error = new CorepoolError("coordinator-unreachable", {
  detail: "The coordinator did not answer.",
  next: "Check that it runs.",
});
const idOf = (row: Row): string => row.id;

export default function TableGallery() {
  const search = useSearch(screen);
  const setSearch = useSetSearch(screen);
  const rows = useMemo(() => rowsOf(search.rows ?? 10_000), [search.rows]);
  const [said, setSaid] = useState("");
  return (
    <div className="flex h-full flex-col">
      <PageHead title="Table kit">{said}</PageHead>
      <div className="min-h-0 flex-1">
        <Table
          id="gallery"
          label="Rows"
          data={{
            rows: search.state === "loading" || search.state === "failed" ? [] : rows,
            ready: search.state === undefined || search.state === "stale",
            error: search.state === "failed" || search.state === "stale" ? error : null,
            at: Date.now() - 95_000,
            again: () => setSaid("again"),
          }}
          columns={columns}
          rowId={idOf}
          search={search}
          setSearch={setSearch as (patch: Readonly<Record<string, unknown>>) => void}
          onOpen={(row) => setSaid(`opened ${row.id}`)}
          bulk={[{ label: "Stop", danger: true, run: (chosen) => setSaid(`stopped ${chosen.length}`) }]}
          empty={<Empty title="Nothing here yet">What fills it stands here.</Empty>}
        />
      </div>
    </div>
  );
}
