import { CorepoolError } from "@corepool/core/errors";
import type { Route, RouteResponse } from "@corepool/protocol/route";
import type { CallInput } from "@corepool/sdk/call";
import { worthAnotherTry } from "@corepool/sdk/problem";
import {
  QueryClient,
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { call } from "./client.ts";

/** What the page knows of the server. Old data stays on screen, with its age, while new data is on its way. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      gcTime: 10 * 60_000,
      networkMode: "always",
      refetchOnReconnect: "always",
      retry: (count, error) => count < 1 && worthAnotherTry(error),
      retryDelay: 500,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

/** The key of a route's answer; without input, of all of its answers. */
export function keyOf<R extends Route>(route: R, input?: CallInput<R>): readonly unknown[] {
  return input === undefined ? [route.operationId] : [route.operationId, input];
}

/** Whether a failure means that somebody has to sign in (again). */
export function needsSignIn(error: unknown): boolean {
  return error instanceof CorepoolError && error.code === "unauthenticated";
}

/** Reads a route and keeps it fresh. `every`: milliseconds between looks, for what no event tells of. */
export function useRoute<R extends Route>(
  route: R,
  input: CallInput<R>,
  options: { readonly enabled?: boolean; readonly every?: number } = {},
): UseQueryResult<RouteResponse<R>> {
  return useQuery<RouteResponse<R>>({
    queryKey: keyOf(route, input),
    queryFn: ({ signal }) => call(route, input, { signal }),
    ...(options.enabled === undefined ? {} : { enabled: options.enabled }),
    ...(options.every === undefined ? {} : { refetchInterval: options.every }),
  });
}

/** Calls a route that changes something; afterwards what it `touches` is read anew. */
export function useCommand<R extends Route>(
  route: R,
  options: { readonly touches?: readonly Route[] } = {},
): UseMutationResult<RouteResponse<R>, Error, CallInput<R>> {
  const cache = useQueryClient();
  return useMutation<RouteResponse<R>, Error, CallInput<R>>({
    mutationFn: (input) => call(route, input),
    onSuccess: async () => {
      await Promise.all((options.touches ?? []).map((each) => cache.invalidateQueries({ queryKey: keyOf(each) })));
    },
  });
}
