import { type Address, sameAddress } from "@corepool/core/hex";
import type { LedgerEntry, MachineView, OfferView } from "@corepool/protocol/resources";
import { listLedger } from "@corepool/protocol/routes/billing";
import { getOwnMachine } from "@corepool/protocol/routes/machines";
import { listOffers } from "@corepool/protocol/routes/market";
import { useMemo } from "react";
import { useRoute } from "../../data/query.ts";
import { useWholeList, type WholeList } from "../../data/whole-list.ts";
import { type FleetRow, fleetRow } from "../provider/fleet.ts";

/** One machine, its offers, and what `account` may know of it. */
export interface KnownMachine {
  readonly row: FleetRow;
  readonly offers: WholeList<OfferView>;
  /** Whether the account provides the machine, or is paid by an open offer of it. */
  readonly paid: boolean;
  /** What leases of the machine have paid to the account, newest first; empty unless it is paid. */
  readonly earnings: WholeList<LedgerEntry>;
}

/** Reads what belongs to one machine; nothing of the rest of the market. */
export function useMachine(machine: MachineView, account: Address | undefined): KnownMachine {
  const { id } = machine;
  const offers = useWholeList<OfferView>(listOffers, { machine: id }, { every: 10_000 });
  const owner = account !== undefined && sameAddress(machine.provider, account);
  const own = useRoute(getOwnMachine, { params: { id } }, { enabled: owner, every: 10_000 });
  // What was read for its owner is not shown to whoever signs in after him.
  const told = owner ? own.data : undefined;
  const row = useMemo(() => fleetRow(machine, offers.rows, told), [machine, offers.rows, told]);
  const paid = owner || (account !== undefined && row.payTo.some((each) => sameAddress(each, account)));
  const earnings = useWholeList<LedgerEntry>(
    listLedger,
    { kind: "earning", machine: id },
    { enabled: paid, every: 30_000 },
  );
  return { row, offers, paid, earnings };
}
