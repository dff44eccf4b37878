import type { Token } from "@corepool/core/money";
import type { LedgerEntry } from "@corepool/protocol/resources";
import { useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { Link } from "../../app/link.tsx";
import { Money } from "../../kit/values/money.tsx";

/** What each kind of entry is called. */
export function useKindName(): (kind: LedgerEntry["kind"]) => string {
  const { t } = useLingui();
  return (kind) =>
    ({
      deposit: t`Deposit`,
      withdrawal: t`Withdrawal`,
      escrow: t`Into escrow`,
      payment: t`Paid to a provider`,
      fee: t`Market fee`,
      refund: t`Refund of escrow`,
      earning: t`Earned`,
      credit: t`Credit moved`,
      funded: t`Paid from credit`,
    })[kind];
}

/** A change: its sign, then its amount. */
export function Change({ base, token }: { readonly base: string; readonly token: Token }) {
  const units = BigInt(base);
  if (units === 0n) return <span className="text-faint">–</span>;
  return (
    <span className="whitespace-nowrap">
      <span className="font-mono">{units < 0n ? "−" : "+"}</span>
      <Money base={units < 0n ? -units : units} token={token} />
    </span>
  );
}

/** The way to the receipt of the workload that an entry is about. */
export function ReceiptLink({ workload, children }: { readonly workload: string; readonly children: ReactNode }) {
  return (
    <Link
      to={`/w/${workload}?tab=receipt`}
      onClick={(event) => event.stopPropagation()}
      className="text-accent underline underline-offset-2"
    >
      {children}
    </Link>
  );
}
