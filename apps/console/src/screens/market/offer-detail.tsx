import { formatPrice, type Token } from "@corepool/core/money";
import type { OfferView } from "@corepool/protocol/resources";
import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { Link } from "../../app/link.tsx";
import { cliText, yamlText } from "../../kit/form/copy-as.ts";
import { CopyAs } from "../../kit/form/copy-as-button.tsx";
import { Facts } from "../../kit/ui/page.tsx";
import { AddressView, Hash } from "../../kit/values/hash.tsx";
import { Rate } from "../../kit/values/money.tsx";
import { bytesText, durationText } from "../../kit/values/quantities.ts";
import { State } from "../../kit/values/state.tsx";
import { Time } from "../../kit/values/time.tsx";
import { OfferState } from "./columns.tsx";

function Part({ title, children }: { readonly title: ReactNode; readonly children: ReactNode }) {
  return (
    <section className="border-b border-line px-4 py-3">
      <h3 className="mb-2 text-sm font-medium">{title}</h3>
      {children}
    </section>
  );
}

/** All that an offer says, and how far each of it can be believed. */
export default function OfferDetail({
  offer,
  token,
}: {
  readonly offer: OfferView;
  readonly token: Token | undefined;
}) {
  const { t } = useLingui();
  const { spec, offer: terms } = offer.signed;
  const { resources, isolation, platform } = spec;
  const limits = isolation.limits === "rlimit" ? t`process limits only` : t`hard limits (${isolation.limits})`;
  return (
    <>
      <section className="flex items-start justify-between gap-3 border-b border-line px-4 py-3">
        <div>
          <OfferState offer={offer} />
          {token === undefined ? null : (
            <p className="mt-1 text-lg">
              <Rate perSecond={terms.rate} token={token} />
            </p>
          )}
          {token === undefined ? null : (
            <p className="text-sm text-muted">
              <Rate perSecond={terms.rate} token={token} per="second" />
            </p>
          )}
        </div>
        <div className="flex flex-col items-end gap-2">
          <Link
            to={`/new?offer=${offer.id}`}
            className="row inline-flex items-center rounded-(--radius) bg-accent px-3 text-sm font-medium text-on-accent hover:opacity-90"
          >
            <Trans>Rent this</Trans>
          </Link>
          {token === undefined ? null : (
            <CopyAs
              same={{
                cli: cliText([
                  "run",
                  "--cpu",
                  String(resources.cpus),
                  "--max-rate",
                  `${formatPrice(BigInt(terms.rate) * 3_600n, token)}/h`,
                  "--token",
                  token.symbol,
                  "--",
                  "python3",
                  "-c",
                  "print(6*7)",
                ]),
                yaml: yamlText(offer.signed),
              }}
            />
          )}
        </div>
      </section>
      <Part title={<Trans>Hardware, as its machine reports it</Trans>}>
        <Facts
          facts={[
            [t`CPUs`, `${resources.cpus} · ${platform.cpuModel}`],
            [t`Memory`, bytesText(resources.memoryBytes)],
            [t`Disk`, bytesText(resources.diskBytes)],
            ...resources.gpus.map((gpu) => [t`GPU`, `${gpu.model} · ${bytesText(gpu.memoryBytes)}`] as const),
            [t`System`, `${platform.os} ${platform.arch} · ${platform.kernel}`],
          ]}
        />
      </Part>
      <Part title={<Trans>Terms that the provider signed</Trans>}>
        <Facts
          facts={[
            [t`Provider`, <AddressView key="p" address={terms.provider} />],
            [t`Lease`, t`${durationText(terms.minSeconds * 1_000)} to ${durationText(terms.maxSeconds * 1_000)}`],
            [t`Paid every`, durationText(spec.intervalSeconds * 1_000)],
            [t`Grace`, durationText(terms.grace * 1_000)],
            [t`Held when unpaid`, durationText(spec.holdSeconds * 1_000)],
            [t`Stands until`, <Time key="t" at={terms.expiry} />],
          ]}
        />
      </Part>
      <Part title={<Trans>Isolation</Trans>}>
        <Facts
          facts={[
            [t`Sandbox`, `${isolation.runtime} ${isolation.runtimeVersion} · ${limits}`],
            [t`Runs as`, isolation.user === "dedicated" ? t`a system user of its own` : t`the agent's user`],
            [t`Network`, t`none`],
            [
              t`Known weaknesses`,
              isolation.weaknesses.length === 0 ? (
                t`none reported`
              ) : (
                <ul key="w">
                  {isolation.weaknesses.map((each) => (
                    <li key={each}>
                      <State tone="warn">
                        <span className="font-mono break-all whitespace-normal">{each}</span>
                      </State>
                    </li>
                  ))}
                </ul>
              ),
            ],
          ]}
        />
      </Part>
      <Part title={<Trans>Identity</Trans>}>
        <Facts
          facts={[
            [t`Offer`, <Hash key="o" value={offer.id} />],
            [t`Machine`, <Hash key="m" value={offer.machine} />],
            [t`Specification`, <Hash key="s" value={terms.spec} />],
          ]}
        />
      </Part>
    </>
  );
}
