import type { Token } from "@corepool/core/money";
import type { OwnMachine } from "@corepool/protocol/resources";
import { Trans, useLingui } from "@lingui/react/macro";
import { Section } from "../../kit/ui/page.tsx";
import { Hash } from "../../kit/values/hash.tsx";
import { Money, Rate } from "../../kit/values/money.tsx";
import { State, type Tone } from "../../kit/values/state.tsx";
import { Time } from "../../kit/values/time.tsx";

type OwnLease = OwnMachine["leases"][number];
const TONES: Readonly<Record<OwnLease["state"], Tone>> = {
  ordered: "info",
  opening: "info",
  open: "live",
  closing: "info",
  closed: "done",
  failed: "bad",
};
const CELL = "border-b border-line px-2 py-1.5 first:pl-0 text-left whitespace-nowrap";

function Row({ lease, token }: { readonly lease: OwnLease; readonly token: Token | undefined }) {
  const { t } = useLingui();
  const names = {
    ordered: t`Ordered`,
    opening: t`Opening`,
    open: t`Open on chain`,
    closing: t`Closing`,
    closed: t`Closed`,
    failed: t`Failed`,
  };
  return (
    <tr data-lease={lease.id}>
      <td className={CELL}>
        <State tone={TONES[lease.state]}>{names[lease.state]}</State>
      </td>
      <td className={CELL}>
        <Time at={lease.createdAt} />
      </td>
      <td className={`${CELL} text-right`}>{String(lease.unit)}</td>
      <td className={`${CELL} text-right`}>
        {token === undefined ? lease.rate : <Rate perSecond={lease.rate} token={token} />}
      </td>
      <td className={`${CELL} text-right`}>
        {token === undefined ? lease.noteTotal : <Money base={lease.noteTotal} token={token} />}
      </td>
      <td className={CELL}>
        <Hash value={lease.id} />
      </td>
    </tr>
  );
}

/** Leases of the owner's machine, newest first, as the coordinator has them. */
export function Leases({
  own,
  tokenOf,
}: {
  readonly own: OwnMachine;
  readonly tokenOf: (address: string) => Token | undefined;
}) {
  const { t } = useLingui();
  return (
    <Section
      title={<Trans>Leases</Trans>}
      note={<Trans>The newest fifty. Whose workload it was stays with its client.</Trans>}
    >
      {own.leases.length === 0 ? (
        <p className="text-muted">
          <Trans>Nobody has leased it yet.</Trans>
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        <section className="scroll-thin relative max-h-96 overflow-auto" tabIndex={0} aria-label={t`Leases`}>
          <table className="w-full text-sm">
            <thead>
              <tr className="text-muted">
                {[t`State`, t`Begun`, t`Unit`, t`Rate`, t`Signed for so far`, t`Lease`].map((name, index) => (
                  <th
                    key={name}
                    scope="col"
                    className={`${CELL} font-normal ${index > 1 && index < 5 ? "!text-right" : ""}`}
                  >
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {own.leases.map((lease) => (
                <Row key={lease.id} lease={lease} token={tokenOf(lease.token)} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Section>
  );
}
