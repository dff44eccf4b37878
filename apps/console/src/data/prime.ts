import type { Route } from "@corepool/protocol/route";
import type { CallInput } from "@corepool/sdk/call";
import { firstReads } from "../app/first-reads.ts";
import type { Match } from "../app/match-screens.ts";
import { call, client } from "./client.ts";
import { keyOf, queries } from "./query.ts";
import { wholeList } from "./whole-list.ts";

/** Longest that the first picture of a screen waits for what it shows, milliseconds. */
const MOST_MS = 200;

/** The input of a route among those of the screen's path that it has. */
function inputOf(route: Route, params: Readonly<Record<string, string>>): CallInput<Route> {
  return (route.params === undefined ? {} : { params }) as CallInput<Route>;
}

/**
 * Takes in what the page has begun to read for its first screen, so that the screen is drawn once, with it. Resolves when
 * it is here, or after 200 ms; what fails or is late, the screen reads by itself.
 */
export async function prime({ named, params }: Match): Promise<void> {
  // Nothing was begun: the screen says by itself that it waits.
  if (globalThis.corepoolBegun === undefined) return;
  const reads = firstReads(named.name)
    .filter(({ route }) => route.scopes === "public" || client.credentials.token !== undefined)
    .map(({ route, whole }) => {
      if (whole) return queries.prefetchInfiniteQuery(wholeList(route, {}));
      const input = inputOf(route, params);
      return queries.prefetchQuery({
        queryKey: keyOf(route, input),
        queryFn: ({ signal }) => call(route, input, { signal }),
      });
    });
  await Promise.race([Promise.all(reads), new Promise((resolve) => setTimeout(resolve, MOST_MS))]);
}
