import type { Route } from "@corepool/protocol/route";
import type { CallInput } from "@corepool/sdk/call";
import type { Page } from "@corepool/sdk/pages";
import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { PER_PAGE } from "../app/first-reads.ts";
import { call } from "./client.ts";
import { keyOf } from "./query.ts";

/** Most rows that a page loads of one list; a table says when there are more. */
export const MOST_ROWS = 10_000;

export interface WholeList<T> {
  readonly rows: readonly T[];
  /** Whether the first page has come. */
  readonly ready: boolean;
  /** Whether further pages are on their way. */
  readonly growing: boolean;
  /** Whether the list goes on beyond what is loaded at most. */
  readonly cut: boolean;
  readonly error: Error | null;
  /** When it was read, milliseconds since the epoch. */
  readonly at: number;
  readonly again: () => void;
}

/** How a list is read whole, and under which key it is kept. */
export function wholeList<T>(route: Route, filter: Readonly<Record<string, unknown>>) {
  return infiniteQueryOptions({
    queryKey: [...keyOf(route), "whole", filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call(
        route,
        {
          query: { ...filter, limit: PER_PAGE, ...(pageParam === undefined ? {} : { cursor: pageParam }) },
        } as unknown as CallInput<Route>,
        { signal },
      ) as unknown as Promise<Page<T>>,
    getNextPageParam: (last: Page<T>, all) =>
      last.hasMore && last.nextCursor !== null && all.length * PER_PAGE < MOST_ROWS ? last.nextCursor : undefined,
  });
}

/**
 * Reads a list route to its end, page by page, showing what is there from the first page on.
 * @param filter the route's query without `limit` and `cursor`
 */
export function useWholeList<T>(
  route: Route,
  filter: Readonly<Record<string, unknown>>,
  options: { readonly enabled?: boolean; readonly every?: number } = {},
): WholeList<T> {
  const query = useInfiniteQuery({
    ...wholeList<T>(route, filter),
    ...(options.enabled === undefined ? {} : { enabled: options.enabled }),
    ...(options.every === undefined ? {} : { refetchInterval: options.every }),
  });
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  return {
    rows,
    ready: query.data !== undefined,
    growing: hasNextPage,
    cut: query.data?.pages.at(-1)?.hasMore === true && !hasNextPage,
    error: query.error,
    at: query.dataUpdatedAt,
    again: () => void query.refetch(),
  };
}
