import { CorepoolError } from "@corepool/core/errors";
import { useState } from "react";
import { Button } from "../../kit/ui/button.tsx";
import { Facts, PageHead, Section } from "../../kit/ui/page.tsx";
import { Empty, Failure, Stale } from "../../kit/ui/states.tsx";
import { AddressView, Hash } from "../../kit/values/hash.tsx";
import { Money, Rate } from "../../kit/values/money.tsx";
import { State, type Tone } from "../../kit/values/state.tsx";
import { Ago, Duration, Time } from "../../kit/values/time.tsx";
import { WorkloadState } from "../../kit/values/workload-state.tsx";
import { notify } from "../../shell/notices.ts";

const GP = { symbol: "GP", decimals: 18 };
const TONES: readonly Tone[] = ["live", "info", "warn", "bad", "done", "idle"];
const AT = "2026-01-01T00:00:00.000Z";

function Breaks(): never {
  throw new CorepoolError("internal", { detail: "This screen broke on purpose." });
}

export default function ValueGallery() {
  const [broken, setBroken] = useState(false);
  if (broken) return <Breaks />;
  return (
    <>
      <PageHead title="Values" />
      <Section title="Values">
        <Facts
          facts={[
            ["Money", <Money key="a" base={1_234_567_890_123_456_789_012n} token={GP} />],
            ["Exact", <Money key="b" base={1_234_567_890_123_456_789_012n} token={GP} exact />],
            ["Rate", <Rate key="c" perSecond={31_200_000_000_000n} token={GP} />],
            ["Time", <Time key="d" at={AT} seconds />],
            ["Ago", <Ago key="e" at={AT} />],
            ["Duration", <Duration key="f" ms={3_725_000} />],
            ["Hash", <Hash key="g" value={`0x${"9f".repeat(32)}`} />],
            ["Address", <AddressView key="h" address={`0x${"5e".repeat(20)}`} full />],
            ["Workload", <WorkloadState key="i" state="running" />],
          ]}
        />
      </Section>
      <Section title="States">
        <div className="flex flex-wrap gap-6">
          {TONES.map((tone) => (
            <State key={tone} tone={tone}>
              {tone}
            </State>
          ))}
        </div>
      </Section>
      <Section title="Buttons">
        <div className="flex flex-wrap gap-2">
          <Button
            look="primary"
            onClick={() => notify({ tone: "done", text: "Job finished", detail: "It billed 5.9 s.", to: "/market" })}
          >
            Say something
          </Button>
          <Button onClick={() => notify({ tone: "bad", text: "Job failed" })}>Say it failed</Button>
          <Button look="quiet">Quiet</Button>
          <Button look="danger" onClick={() => setBroken(true)}>
            Break this screen
          </Button>
          <Button busy>Busy</Button>
          <Button disabled>Disabled</Button>
        </div>
      </Section>
      <Section title="Outcomes">
        <Stale at={Date.parse(AT)} again={() => undefined} />
        <Empty title="Nothing here yet">What fills it stands here.</Empty>
        <Failure
          error={
            new CorepoolError("rate-limited", {
              detail: "Too many requests.",
              next: "Wait a moment.",
              data: { requestId: "req_0123456789" },
            })
          }
          again={() => undefined}
        />
      </Section>
    </>
  );
}
