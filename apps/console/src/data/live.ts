import { type AccountEvent, accountEvent, type WorkloadView } from "@corepool/protocol/resources";
import { getAccount, streamAccount } from "@corepool/protocol/routes/accounts";
import { getSpend, listLedger } from "@corepool/protocol/routes/billing";
import { getOwnMachine, listOwnMachines } from "@corepool/protocol/routes/machines";
import { getMachine, listMachines, listOffers } from "@corepool/protocol/routes/market";
import { getReceipt, getWorkload, listWorkloads } from "@corepool/protocol/routes/workloads";
import { patient } from "@corepool/sdk/client";
import { followEvents, type ServerEvent } from "@corepool/sdk/sse";
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { client } from "./client.ts";
import { live } from "./live-state.ts";
import { patched } from "./patch.ts";
import { keyOf } from "./query.ts";
import { createRefresh, type Refresh } from "./refresh.ts";

type Pages = InfiniteData<{ readonly data: readonly WorkloadView[] }>;

/** What an event makes old: the answers that are read anew. */
function touched(event: AccountEvent): readonly (readonly unknown[])[] {
  const keys: (readonly unknown[])[] = [keyOf(getAccount)];
  if (event.workload !== null) {
    const input = { params: { id: event.workload } };
    keys.push(keyOf(getWorkload, input), keyOf(getReceipt, input), keyOf(listWorkloads));
  }
  if (event.machine !== null) {
    const id = event.machine as `0x${string}`;
    keys.push(keyOf(getMachine, { params: { id } }), keyOf(listMachines), keyOf(getOwnMachine), keyOf(listOwnMachines));
  }
  // `ledger.KIND`, and `ledger.undone` after a re-organisation.
  if (event.type.startsWith("ledger.")) keys.push(keyOf(listLedger), keyOf(getSpend));
  return keys;
}

/** Puts an event into everything that the page has of its subject, and has it read anew. */
export function applyEvent(cache: QueryClient, refresh: Refresh, event: AccountEvent): void {
  if (event.workload !== null) {
    cache.setQueryData<WorkloadView>(keyOf(getWorkload, { params: { id: event.workload } }), (now) =>
      now === undefined ? now : patched(now, event),
    );
    cache.setQueriesData<Pages>({ queryKey: [...keyOf(listWorkloads), "whole"] }, (now) =>
      now === undefined
        ? now
        : {
            ...now,
            pages: now.pages.map((page) => ({ ...page, data: page.data.map((each) => patched(each, event)) })),
          },
    );
  }
  refresh.touch(touched(event));
}

/** Takes an event of the stream in. */
export function takeEvent(cache: QueryClient, refresh: Refresh, event: Pick<ServerEvent, "event" | "data">): void {
  live.set({ state: "live", lastEventAt: Date.now() });
  if (event.event === "reset") refresh.touch([[]]);
  else if (event.event === "offers") refresh.touch([keyOf(listOffers)]);
  else {
    const parsed = accountEvent.safeParse(JSON.parse(event.data));
    if (parsed.success) applyEvent(cache, refresh, parsed.data);
  }
}

/**
 * Follows the events of whoever is signed in until `signal` aborts, over any number of connections, and keeps the cache
 * by them. What a gap hid is read anew when the stream is back.
 */
export async function follow(cache: QueryClient, signal: AbortSignal): Promise<void> {
  live.set((now) => ({ ...now, state: "connecting" }));
  const refresh = createRefresh(cache);
  try {
    // Hours without a coordinator are no reason to give up: the banner says so, and the stream comes back by itself.
    const lasting = patient(client, 24 * 3_600_000);
    const told: typeof client = {
      ...lasting,
      fetch: async (url, init) => {
        const response = await lasting.fetch(url, init);
        if (response.ok) live.set((now) => ({ ...now, state: "live" }));
        return response;
      },
    };
    const events = followEvents(told, streamAccount, () => ({ query: { offers: "true" as const } }), {
      signal,
      onGap: () => live.set((now) => ({ ...now, state: "broken" })),
    });
    for await (const event of events) takeEvent(cache, refresh, event);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    live.set((now) => ({ ...now, state: signal.aborted ? "off" : "broken" }));
  }
}
