import type { Market, OfferView, RelaxationView, WorkloadView } from "@corepool/protocol/resources";
import { getMarket, getOffer } from "@corepool/protocol/routes/market";
import { explainPlacement, getWorkload } from "@corepool/protocol/routes/workloads";
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
import { Button } from "../../kit/ui/button.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { PageHead } from "../../kit/ui/page.tsx";
import { Empty, Failure, Skeleton } from "../../kit/ui/states.tsx";
import { show } from "../../shell/layers.ts";
import { notify } from "../../shell/notices.ts";
import { type Example, exampleNamed } from "./example.ts";
import { Footer } from "./footer.tsx";
import type { InputFile } from "./inputs.ts";
import { keptInputs, specInputs, uploadsOf } from "./inputs.ts";
import { type Cost, costOf, draftAgain, draftFor, sameAs } from "./model.ts";
import { Needs } from "./needs.tsx";
import screen from "./screen.ts";
import { usePlacement } from "./use-placement.ts";
import { What } from "./what.tsx";
import { Who } from "./who.tsx";

const RunDialog = lazy(() => import("./run-dialog.tsx").then((module) => ({ default: module.RunDialog })));

/** A rejection of what only the dialog sends: the form itself is checked as it is typed. */
const nothing = (): Promise<void> => Promise.resolve();

function Head() {
  return (
    <PageHead title={<Trans>New workload</Trans>}>
      <Trans>
        Say what runs and what it needs. You see who can run it and what it costs before anything is signed.
      </Trans>
    </PageHead>
  );
}

function NewWorkload({
  market,
  pinned,
  example,
  again,
}: {
  readonly market: Market;
  readonly pinned: OfferView | undefined;
  readonly example: Example | undefined;
  /** What is run again. */
  readonly again: WorkloadView | undefined;
}) {
  const { t } = useLingui();
  const setSearch = useSetSearch(screen);
  const who = useStore(identity);
  const [files, setFilesAlone] = useState<readonly InputFile[]>(
    again === undefined ? (example?.files ?? []) : keptInputs(again.spec.inputs),
  );
  const [running, setRunning] = useState<Cost | undefined>(undefined);
  const first = market.tokens[0]?.address ?? market.contracts.gp;
  const form = useForm({
    schema: explainPlacement.body,
    initial:
      again !== undefined
        ? draftAgain(again)
        : example === undefined
          ? draftFor(first, pinned)
          : { ...draftFor(first, pinned), spec: example.spec },
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
      <Head />
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
              uploads: uploadsOf(files),
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
  const who = useStore(identity);
  const again = useRoute(
    getWorkload,
    { params: { id: search.from ?? "" } },
    { enabled: search.from !== undefined && who !== undefined },
  );
  // The form keeps what was pinned when it was opened.
  const [pinnedId] = useState(search.offer);
  // What has to be read before anything can be filled in, each only where the address asks for it.
  const needed = [
    market,
    search.offer === undefined ? undefined : offer,
    search.from === undefined ? undefined : again,
    search.example === undefined ? undefined : example,
  ];
  const failed = needed.find((each) => each !== undefined && each.error !== null && each.data === undefined);
  const stranger = search.from !== undefined && who === undefined;
  if (
    stranger ||
    failed !== undefined ||
    market.data === undefined ||
    needed.some((each) => each !== undefined && each.data === undefined)
  )
    return (
      <>
        <Head />
        {stranger ? (
          <Empty
            title={<Trans>Whose workload?</Trans>}
            action={
              <Button look="primary" icon={ICONS.user} onClick={() => show("sign-in")}>
                <Trans>Sign in</Trans>
              </Button>
            }
          >
            <Trans>Sign in as its owner to run it again.</Trans>
          </Empty>
        ) : failed === undefined ? (
          <div className="px-4 py-4 md:px-6">
            <Skeleton className="h-64 w-full" />
          </div>
        ) : (
          <Failure error={failed.error} again={() => void failed.refetch()} />
        )}
      </>
    );
  return (
    <NewWorkload
      key={`${pinnedId ?? ""} ${search.example ?? ""} ${search.from ?? ""}`}
      market={market.data}
      pinned={search.offer === undefined ? undefined : offer.data}
      example={example.data}
      again={search.from === undefined ? undefined : again.data}
    />
  );
}
