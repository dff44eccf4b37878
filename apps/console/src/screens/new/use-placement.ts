import type { PlacementView } from "@corepool/protocol/resources";
import { explainPlacement } from "@corepool/protocol/routes/workloads";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { call } from "../../data/client.ts";
import { keyOf } from "../../data/query.ts";
import type { Draft } from "./model.ts";

/** How long typing has to rest before anybody is asked. */
const REST_MS = 300;
/** Offers come and go: an answer is asked for anew after this. */
const FRESH_MS = 10_000;

/** Who could run a draft. `asking`: what is shown is of the draft before. */
export interface Placement {
  readonly state: "incomplete" | "asking" | "known";
  readonly data: PlacementView | undefined;
  readonly error: Error | undefined;
}

function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}

/** Asks who could run the draft, live: once typing rests, and a question that is overtaken is dropped. */
export function usePlacement(draft: Partial<Draft>, valid: boolean): Placement {
  // Neither the name nor the files' contents decide who can run it.
  const asked = JSON.stringify({
    spec: { ...draft.spec, name: undefined, env: undefined, inputs: undefined },
    constraints: draft.constraints,
  });
  const rested = useRested(asked);
  const enabled = valid && rested !== "";
  const query = useQuery({
    queryKey: [...keyOf(explainPlacement), rested],
    queryFn: ({ signal }) => call(explainPlacement, { body: JSON.parse(rested) as Draft }, { signal }),
    enabled: enabled && rested === asked,
    placeholderData: keepPreviousData,
    refetchInterval: FRESH_MS,
  });
  if (!valid) return { state: "incomplete", data: undefined, error: undefined };
  const settled = rested === asked && !query.isPlaceholderData && query.data !== undefined;
  return { state: settled ? "known" : "asking", data: query.data, error: query.error ?? undefined };
}
