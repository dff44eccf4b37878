import type { Token } from "@corepool/core/money";
import type { OfferView } from "@corepool/protocol/resources";
import { useLingui } from "@lingui/react/macro";
import { useMemo } from "react";
import type { Column } from "../../kit/table/model.ts";
import { AddressView, Hash } from "../../kit/values/hash.tsx";
import { Rate } from "../../kit/values/money.tsx";
import { bytesText, durationText } from "../../kit/values/quantities.ts";
import { State } from "../../kit/values/state.tsx";
import { millis, useNow } from "../../kit/values/time.tsx";
import { gpuModel } from "./filter.ts";

/** How an offer stands now. */
export function OfferState({ offer }: { readonly offer: OfferView }) {
  const { t } = useLingui();
  if (!offer.online) return <State tone="idle">{t`Offline`}</State>;
  return offer.busy ? <State tone="info">{t`Taken`}</State> : <State tone="live">{t`Free`}</State>;
}

/** Until when an offer stands. */
export function Expiry({ at }: { readonly at: number }) {
  const left = millis(at) - useNow();
  return <span className="tabular-nums">{left <= 0 ? "0s" : durationText(left)}</span>;
}

/** The market's columns. */
export function useOfferColumns(tokenOf: (address: string) => Token | undefined): readonly Column<OfferView>[] {
  const { t } = useLingui();
  return useMemo(
    () => [
      {
        id: "state",
        header: t`State`,
        width: 104,
        cell: (row) => <OfferState offer={row} />,
        value: (row) => (!row.online ? "offline" : row.busy ? "taken" : "free"),
      },
      {
        id: "price",
        header: t`Price per hour`,
        width: 168,
        align: "end",
        cell: (row) => {
          const token = tokenOf(row.signed.offer.token);
          return token === undefined ? null : <Rate perSecond={row.signed.offer.rate} token={token} />;
        },
        value: (row) => BigInt(row.signed.offer.rate),
      },
      {
        id: "gpu",
        header: t`GPU`,
        width: 176,
        wide: true,
        cell: (row) => {
          const { gpus } = row.signed.spec.resources;
          return gpus.length === 0 ? (
            <span className="text-faint">–</span>
          ) : (
            <span>{`${gpus.length} × ${gpuModel(row)}`}</span>
          );
        },
        value: (row) => gpuModel(row),
      },
      {
        id: "cpus",
        header: t`CPUs`,
        width: 80,
        align: "end",
        cell: (row) => row.signed.spec.resources.cpus,
        value: (row) => row.signed.spec.resources.cpus,
      },
      {
        id: "memory",
        header: t`Memory`,
        width: 104,
        align: "end",
        wide: true,
        cell: (row) => bytesText(row.signed.spec.resources.memoryBytes),
        value: (row) => row.signed.spec.resources.memoryBytes,
      },
      {
        id: "disk",
        header: t`Disk`,
        width: 104,
        align: "end",
        wide: true,
        cell: (row) => bytesText(row.signed.spec.resources.diskBytes),
        value: (row) => row.signed.spec.resources.diskBytes,
      },
      {
        id: "provider",
        header: t`Provider`,
        width: 176,
        wide: true,
        cell: (row) => <AddressView address={row.signed.offer.provider} />,
        value: (row) => row.signed.offer.provider,
      },
      {
        id: "expiry",
        header: t`Stands for`,
        wide: true,
        cell: (row) => <Expiry at={row.signed.offer.expiry} />,
        value: (row) => row.signed.offer.expiry,
      },
      {
        id: "machine",
        header: t`Machine`,
        hidden: true,
        width: 176,
        wide: true,
        cell: (row) => <Hash value={row.machine} />,
        value: (row) => row.machine,
      },
      {
        id: "cpu-model",
        header: t`Processor`,
        hidden: true,
        width: 220,
        wide: true,
        cell: (row) => row.signed.spec.platform.cpuModel,
        value: (row) => row.signed.spec.platform.cpuModel,
      },
    ],
    [t, tokenOf],
  );
}
