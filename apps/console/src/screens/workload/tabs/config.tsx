import type { Token } from "@corepool/core/money";
import type { WorkloadView } from "@corepool/protocol/resources";
import { Trans, useLingui } from "@lingui/react/macro";
import { go } from "../../../app/place.ts";
import { CopyAs } from "../../../kit/form/copy-as-button.tsx";
import { Button } from "../../../kit/ui/button.tsx";
import { CopyButton } from "../../../kit/ui/copy.tsx";
import { ICONS } from "../../../kit/ui/icon.tsx";
import { Facts, Section } from "../../../kit/ui/page.tsx";
import { Hash } from "../../../kit/values/hash.tsx";
import { Money, Rate } from "../../../kit/values/money.tsx";
import { bytesText, durationText } from "../../../kit/values/quantities.ts";
import { Time } from "../../../kit/values/time.tsx";
import { commandLine } from "../bill.ts";
import { sameAs } from "../same-as.ts";

function Json({ label, value }: { readonly label: string; readonly value: unknown }) {
  const text = JSON.stringify(value, null, 2);
  return (
    <div className="flex min-w-0 items-start rounded-(--radius) border border-line bg-surface">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section tabIndex={0} aria-label={label} className="scroll-thin max-h-[32rem] min-w-0 flex-1 overflow-auto p-3">
        <pre className="font-mono text-sm">{text}</pre>
      </section>
      <CopyButton text={text} className="m-2" />
    </div>
  );
}

/** What was asked for, and how to ask for the same again. */
export function ConfigTab({
  workload,
  tokenOf,
}: {
  readonly workload: WorkloadView;
  readonly tokenOf: (address: string) => Token | undefined;
}) {
  const { t } = useLingui();
  const { spec, constraints } = workload;
  const { resources } = spec;
  const token = tokenOf(constraints.token);
  return (
    <>
      <Section
        title={<Trans>What was asked for</Trans>}
        actions={
          <>
            <CopyAs same={sameAs(workload, token)} />
            <Button icon={ICONS.refresh} onClick={() => go("/new", { search: { from: workload.id } })}>
              <Trans>Run again</Trans>
            </Button>
          </>
        }
      >
        <Facts
          facts={[
            [
              t`Command`,
              <code key="c" className="font-mono break-all">
                {commandLine(spec.command)}
              </code>,
            ],
            [t`CPUs`, resources.cpus],
            [t`Memory`, bytesText(resources.memoryBytes)],
            [t`Disk`, bytesText(resources.diskBytes)],
            ...(resources.gpus.count === 0
              ? []
              : [
                  [
                    t`GPUs`,
                    `${resources.gpus.count}${resources.gpus.model === undefined ? "" : ` × ${resources.gpus.model}`}`,
                  ] as const,
                ]),
            [t`Longest run`, durationText(spec.durationSeconds * 1_000)],
            ...(token === undefined || constraints.maxRate === undefined
              ? []
              : [[t`Highest price`, <Rate key="r" perSecond={constraints.maxRate} token={token} />] as const]),
            ...(token === undefined || constraints.maxEscrow === undefined
              ? []
              : [[t`Highest escrow`, <Money key="e" base={constraints.maxEscrow} token={token} />] as const]),
            ...spec.inputs.map(
              (input) =>
                [
                  t`Input`,
                  <span key={input.path}>
                    <span className="font-mono">{input.path}</span> · {bytesText(input.sizeBytes)} ·{" "}
                    <Hash value={input.hash} />
                  </span>,
                ] as const,
            ),
            [t`Submitted`, <Time key="t" at={workload.createdAt} seconds />],
          ]}
        />
      </Section>
      <Section
        title={<Trans>As JSON</Trans>}
        note={<Trans>As it was stored. The lease key binds it: the machine serves nothing else.</Trans>}
      >
        <div className="grid gap-4 lg:grid-cols-2">
          <Json label={t`Specification`} value={spec} />
          <Json label={t`Constraints`} value={constraints} />
        </div>
      </Section>
    </>
  );
}
