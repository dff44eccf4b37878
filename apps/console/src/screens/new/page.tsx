import type { Market, OfferView, RelaxationView } from "@corepool/protocol/resources";
import { getMarket, getOffer } from "@corepool/protocol/routes/market";
import { explainPlacement } from "@corepool/protocol/routes/workloads";
import { constraints } from "@corepool/protocol/spec";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { go } from "../../app/place.ts";
import { useSearch, useSetSearch } from "../../app/screen.ts";
import { useStore } from "../../app/store.ts";
import { useRoute } from "../../data/query.ts";
import { identity } from "../../identity/identity.ts";
import { useForm } from "../../kit/form/use-form.ts";
import { PageHead } from "../../kit/ui/page.tsx";
import { Failure, Skeleton } from "../../kit/ui/states.tsx";
import { show } from "../../shell/layers.ts";
import { notify } from "../../shell/notices.ts";
import { type Example, exampleNamed } from "./example.ts";
import { Footer } from "./footer.tsx";
import type { InputFile } from "./inputs.ts";
import { specInputs } from "./inputs.ts";
import { type Cost, costOf, draftFor, sameAs } from "./model.ts";
import { Needs } from "./needs.tsx";
import screen from "./screen.ts";
import { usePlacement } from "./use-placement.ts";
import { What } from "./what.tsx";
import { Who } from "./who.tsx";

const RunDialog = lazy(() => import("./run-dialog.tsx").then((module) => ({ default: module.RunDialog })));

/** A rejection of what only the dialog sends: the form itself is checked as it is typed. */
const nothing = (): Promise<void> => Promise.resolve();

function NewWorkload({
  market,
  pinned,
  example,
}: {
  readonly market: Market;
  readonly pinned: OfferView | undefined;
  readonly example: Example | undefined;
}) {
  const { t } = useLingui();
  const setSearch = useSetSearch(screen);
  const who = useStore(identity);
  const [files, setFilesAlone] = useState<readonly InputFile[]>(example?.files ?? []);
  const [running, setRunning] = useState<Cost | undefined>(undefined);
  const first = market.tokens[0]?.address ?? market.contracts.gp;
  const form = useForm({
    schema: explainPlacement.body,
    initial: example === undefined ? draftFor(first, pinned) : { ...draftFor(first, pinned), spec: example.spec },
    send: nothing,
  });
  const { document } = form;
  const setFiles = (next: readonly InputFile[]): void => {
    setFilesAlone(next);
    form.set("/spec/inputs", next.length === 0 ? undefined : specInputs(next));
  };
  const fillIn = async (): Promise<void> => {
    try {
      const { spec, files: its } = await exampleNamed("digits");
      form.set("/spec", spec);
      setFilesAlone(its);
    } catch (error) {
      notify({
        tone: "bad",
        text: t`The example could not be read`,
        detail: error instanceof Error ? error.message : String(error),
      });
    }
  };
  const placement = usePlacement(document, form.valid);
  const best = placement.data?.candidates[0];
  const offer = useRoute(getOffer, { params: { id: best?.offerId ?? "" } }, { enabled: best !== undefined });
  const token = market.tokens.find(
    (each) => each.address.toLowerCase() === String(document.constraints?.token).toLowerCase(),
  );
  const seconds = form.valid ? explainPlacement.body.parse(document).spec.durationSeconds : 0;
  const terms = offer.data?.id === best?.offerId ? offer.data?.signed : undefined;
  const cost =
    best === undefined || terms === undefined || seconds === 0
      ? undefined
      : costOf(BigInt(best.rate), seconds, terms.spec.intervalSeconds, terms.offer.grace);
  const apply = (change: RelaxationView): void => {
    for (const { pointer, value } of change.edits ?? []) form.set(pointer, value ?? undefined);
  };
  const draft = form.valid ? (document as Parameters<typeof sameAs>[0]) : undefined;
  return (
    <form
      noValidate
      className="flex min-h-full flex-col"
      onSubmit={(event) => {
        event.preventDefault();
        if (who === undefined) show("sign-in");
        else if (placement.state === "known") setRunning(cost);
      }}
    >
      <PageHead title={<Trans>New workload</Trans>}>
        <Trans>
          Say what runs and what it needs. You see who can run it and what it costs before anything is signed.
        </Trans>
      </PageHead>
      <div className="grid flex-1 content-start xl:grid-cols-3 xl:content-stretch">
        <What form={form} files={files} setFiles={setFiles} onExample={() => void fillIn()} />
        <Needs
          form={form}
          market={market}
          pinned={pinned}
          onUnpin={() => {
            form.set("/constraints/providers", undefined);
            setSearch({ offer: undefined });
          }}
        />
        <Who placement={placement} token={token} onApply={apply} />
      </div>
      <Footer
        cost={form.valid ? cost : undefined}
        token={token}
        same={draft === undefined || token === undefined ? {} : sameAs(draft, token)}
        signedIn={who !== undefined}
        ready={placement.state === "known" && cost !== undefined}
        onRun={() => (who === undefined ? show("sign-in") : setRunning(cost))}
      />
      {running === undefined || draft === undefined ? null : (
        <Suspense fallback={null}>
          <RunDialog
            market={market}
            request={{
              spec: draft.spec,
              constraints: constraints.parse(draft.constraints),
              uploads: files.map(({ blob }) => blob),
            }}
            cost={running}
            seconds={seconds}
            onClose={() => setRunning(undefined)}
            onDone={(workload) => {
              setRunning(undefined);
              notify({ tone: "live", text: t`The job is ordered`, to: `/w/${workload}` });
              go(`/w/${workload}`);
            }}
          />
        </Suspense>
      )}
    </form>
  );
}

/** A new workload in three panes: what runs, what it needs, who can run it. */
export default function NewPage() {
  const search = useSearch(screen);
  const market = useRoute(getMarket, {}, { every: 15_000 });
  const offer = useRoute(getOffer, { params: { id: search.offer ?? "" } }, { enabled: search.offer !== undefined });
  const example = useQuery({
    queryKey: ["example", search.example],
    queryFn: () => exampleNamed(search.example ?? ""),
    enabled: search.example !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  // The form keeps what was pinned when it was opened.
  const [pinnedId] = useState(search.offer);
  if (market.error !== null && market.data === undefined)
    return <Failure error={market.error} again={() => void market.refetch()} />;
  if (search.offer !== undefined && offer.error !== null && offer.data === undefined)
    return <Failure error={offer.error} again={() => void offer.refetch()} />;
  if (example.error !== null) return <Failure error={example.error} again={() => void example.refetch()} />;
  const waits =
    (search.offer !== undefined && offer.data === undefined) ||
    (search.example !== undefined && example.data === undefined);
  if (market.data === undefined || waits)
    return (
      <div className="flex flex-col gap-3 px-4 py-4 md:px-6">
        <Skeleton className="h-7 w-48" />
        <Skeleton className="h-64 w-full" />
      </div>
    );
  return (
    <NewWorkload
      key={`${pinnedId ?? ""} ${search.example ?? ""}`}
      market={market.data}
      pinned={search.offer === undefined ? undefined : offer.data}
      example={example.data}
    />
  );
}
