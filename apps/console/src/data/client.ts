import type { Route, RouteResponse } from "@corepool/protocol/route";
import { systemClock, systemFetch, systemRandom } from "@corepool/sdk/adapters/system";
import { type CallInput, type CallOptions, call as callRoute } from "@corepool/sdk/call";
import { type Client, createClient } from "@corepool/sdk/client";
import { takeBegun } from "./begun.ts";
import { online } from "./online.ts";

/**
 * The coordinator that serves this page. Its token is set by the identity; it never signs in by itself, so that no
 * background read can make a wallet ask for a signature.
 */
export const client: Client = createClient({
  url: location.origin,
  fetch: async (url, init) => {
    try {
      const response = await (takeBegun(url, init) ?? systemFetch(url, init));
      online.heard(response.status < 502 || response.status > 504);
      return response;
    } catch (error) {
      if (init.signal?.aborted !== true) online.heard(false);
      throw error;
    }
  },
  clock: systemClock,
  random: systemRandom,
  // A person waits in front of a page: two quick tries, then the error with its button.
  patienceMs: 1_500,
  tryMs: 15_000,
});

/** Calls a route of the API with its types; rejects with the coordinator's own problem. */
export function call<R extends Route>(route: R, input: CallInput<R>, options?: CallOptions): Promise<RouteResponse<R>> {
  return callRoute(client, route, input, options);
}
