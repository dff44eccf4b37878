import type { RouteQueryInput, RouteResponse } from "@corepool/protocol/route";
import { searchLog } from "@corepool/protocol/routes/records";
import { call } from "./call.ts";
import type { Client } from "./client.ts";

/** Lines that a search found, and how far it is. */
export type FoundLines = RouteResponse<typeof searchLog>;

/**
 * Searches a workload's whole log as it is stored now, and yields what is found page by page; a page may hold no line.
 * `query.text` is found as it stands. Rejects with `not-found`, `bad-request`, or as `call` does.
 */
export async function* searchWholeLog(
  client: Client,
  workload: string,
  query: Omit<RouteQueryInput<typeof searchLog>, "cursor">,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<FoundLines> {
  for (let cursor: string | null = null; ; ) {
    const input = { params: { id: workload }, query: { ...query, ...(cursor === null ? {} : { cursor }) } };
    const page: FoundLines = await call(client, searchLog, input, options);
    yield page;
    if (!page.hasMore) return;
    cursor = page.nextCursor;
  }
}
