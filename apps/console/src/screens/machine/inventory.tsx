import { Trans, useLingui } from "@lingui/react/macro";
import { Facts, Section } from "../../kit/ui/page.tsx";
import { AddressView } from "../../kit/values/hash.tsx";
import { bytesText } from "../../kit/values/quantities.ts";
import { Ago, Time } from "../../kit/values/time.tsx";
import type { FleetRow } from "../provider/fleet.ts";

/** What the machine says that it is made of. */
export function Inventory({ row }: { readonly row: FleetRow }) {
  const { t } = useLingui();
  const { machine } = row;
  const [unit] = machine.units;
  const devices = [...new Set(machine.units.flatMap((each) => each.devices))];
  const gpus = [
    ...new Map(machine.units.flatMap((each) => each.resources.gpus.map((gpu) => [gpu.id, gpu] as const))).values(),
  ];
  const software = [...new Set(machine.units.flatMap((each) => each.software))];
  return (
    <Section
      title={<Trans>Inventory</Trans>}
      note={<Trans>As the machine reports it; nothing of it is proven yet.</Trans>}
    >
      <div className="grid items-start gap-x-10 gap-y-4 md:grid-cols-2">
        <Facts
          facts={[
            [t`Processor`, unit?.platform.cpuModel ?? "–"],
            [t`CPUs on offer`, String(devices.filter((each) => each.startsWith("cpu:")).length)],
            [
              t`Memory of the largest unit`,
              bytesText(Math.max(0, ...machine.units.map((each) => each.resources.memoryBytes))),
            ],
            [
              t`Disk of the largest unit`,
              bytesText(Math.max(0, ...machine.units.map((each) => each.resources.diskBytes))),
            ],
            [
              t`GPUs`,
              gpus.length === 0
                ? t`none`
                : gpus.map((gpu) => `${gpu.model}, ${bytesText(gpu.memoryBytes)}`).join(" · "),
            ],
            [
              t`System`,
              unit === undefined ? "–" : `${unit.platform.os} ${unit.platform.arch} · ${unit.platform.kernel}`,
            ],
            [t`Software`, software.length === 0 ? t`none named` : software.join(" · ")],
          ]}
        />
        <Facts
          facts={[
            [t`Provider`, <AddressView key="p" address={machine.provider} />],
            [
              t`Paid to`,
              row.payTo.length === 0
                ? t`no offer is open`
                : row.payTo.map((each) => (
                    <span key={each} className="block">
                      <AddressView address={each} />
                    </span>
                  )),
            ],
            [
              t`Last seen`,
              machine.lastSeenAt === null ? (
                t`not yet`
              ) : (
                <Trans key="s">
                  <Ago at={machine.lastSeenAt} /> ago
                </Trans>
              ),
            ],
            [t`In the market since`, <Time key="r" at={machine.registeredAt} />],
            [t`Agent`, machine.agentVersion],
          ]}
        />
      </div>
    </Section>
  );
}
