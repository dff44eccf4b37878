import type { Address } from "@corepool/core/hex";
import type { Token } from "@corepool/core/money";
import { domainOf } from "@corepool/protocol/eip712";
import type { LedgerEntry, MachineView, Market, OfferView, OwnMachine } from "@corepool/protocol/resources";
import { listLedger } from "@corepool/protocol/routes/billing";
import { listOwnMachines } from "@corepool/protocol/routes/machines";
import { getMarket, listMachines, listOffers } from "@corepool/protocol/routes/market";
import { useMemo } from "react";
import { useRoute } from "../../data/query.ts";
import { useWholeList, type WholeList } from "../../data/whole-list.ts";
import { useTokens } from "../workload/use-tokens.ts";
import { earnedBy, machineOfLease, type Sums } from "./attribution.ts";
import { type FleetRow, fleetOf } from "./fleet.ts";

const NONE: ReadonlyMap<string, string> = new Map();

/** An account's machines, what they offer and what they have earned. */
export interface Fleet {
  readonly market: Market | undefined;
  readonly tokenOf: (address: string) => Token | undefined;
  readonly rows: readonly FleetRow[];
  readonly machines: WholeList<MachineView>;
  readonly offers: WholeList<OfferView>;
  readonly owned: WholeList<OwnMachine>;
  readonly earnings: WholeList<LedgerEntry>;
  /** By the lease of an entry, its machine. */
  readonly machineOf: ReadonlyMap<string, string>;
  /** By machine; under `""` what belongs to no machine that is listed now. */
  readonly earned: ReadonlyMap<string, Sums>;
}

/** Reads the fleet of `account`; without one, nothing of it. */
export function useFleet(account: Address | undefined): Fleet {
  const market = useRoute(getMarket, {}, { every: 15_000 });
  const tokenOf = useTokens();
  const enabled = account !== undefined;
  const machines = useWholeList<MachineView>(listMachines, { fleet: account }, { enabled, every: 10_000 });
  const offers = useWholeList<OfferView>(listOffers, { fleet: account }, { enabled, every: 10_000 });
  const owned = useWholeList<OwnMachine>(listOwnMachines, {}, { enabled, every: 10_000 });
  const earnings = useWholeList<LedgerEntry>(listLedger, { kind: "earning" }, { enabled, every: 30_000 });
  const rows = useMemo(() => fleetOf(machines.rows, offers.rows, owned.rows), [machines.rows, offers.rows, owned.rows]);
  const chain = market.data?.chainId;
  // By what the names depend on, not by what changes with every look: last-seen times do.
  const units = rows.map((row) => `${row.machine.id}:${row.machine.units.map((unit) => unit.unit).join()}`).join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `units` and `chain` stand for the rows and the market
  const machineOf = useMemo(
    () =>
      market.data === undefined
        ? NONE
        : machineOfLease(
            domainOf(market.data),
            rows.map((row) => row.machine),
            new Set(earnings.rows.flatMap((entry) => (entry.lease === null ? [] : [entry.lease]))),
          ),
    [chain, units, earnings.rows],
  );
  const earned = useMemo(() => earnedBy(earnings.rows, machineOf), [earnings.rows, machineOf]);
  return { market: market.data, tokenOf, rows, machines, offers, owned, earnings, machineOf, earned };
}
