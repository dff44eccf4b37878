import type { AccountEvent, WorkloadView } from "@corepool/protocol/resources";
import { getWorkload, listWorkloads } from "@corepool/protocol/routes/workloads";
import { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it, vi } from "vitest";

// The client asks the page for its origin.
vi.stubGlobal("location", { origin: "http://localhost:8080" });
const { takeEvent } = await import("./live.ts");
const { live } = await import("./live-state.ts");
const { keyOf } = await import("./query.ts");
const { createRefresh } = await import("./refresh.ts");

const id = "wkl_0000000000000000";
const workload = { id, state: "running" } as WorkloadView;
const one = keyOf(getWorkload, { params: { id } });
const list = [...keyOf(listWorkloads), "whole", {}];
const event: AccountEvent = {
  id: "1",
  type: "workload.frozen",
  at: "2026-01-01T00:00:00.000Z",
  workload: id,
  lease: null,
  machine: null,
  state: "frozen",
  note: null,
};

describe("the stream of events", () => {
  let cache: QueryClient;
  const stale = (key: readonly unknown[]) => cache.getQueryState(key)?.isInvalidated;
  beforeEach(() => {
    cache = new QueryClient();
    live.set({ state: "connecting", lastEventAt: undefined });
    cache.setQueryData(one, workload);
    cache.setQueryData(list, {
      pages: [{ data: [workload, { ...workload, id: "wkl_1111111111111111" }] }],
      pageParams: [],
    });
    cache.setQueryData(["listOffers", "whole", {}], { pages: [], pageParams: [] });
    cache.setQueryData(["getMarket", {}], {});
  });

  it("is in the cache at once, and what it touched is read anew, no more", () => {
    takeEvent(cache, createRefresh(cache), { event: event.type, data: JSON.stringify(event) });
    expect(cache.getQueryData<WorkloadView>(one)?.state).toBe("frozen");
    const pages = cache.getQueryData<{ pages: { data: WorkloadView[] }[] }>(list)?.pages[0]?.data;
    expect(pages?.map((each) => each.state)).toEqual(["frozen", "running"]);
    expect([stale(one), stale(list), stale(["getMarket", {}]), stale(["listOffers", "whole", {}])]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(live.get().state).toBe("live");
  });

  it("has the ledger and the spending read anew when money has moved, or when that was undone", () => {
    const [ledger, spend] = [
      ["listLedger", "whole", {}],
      ["getSpend", {}],
    ] as const;
    for (const type of ["ledger.deposit", "ledger.undone"]) {
      for (const key of [ledger, spend]) cache.setQueryData(key, {});
      takeEvent(cache, createRefresh(cache), {
        event: "workload.running",
        data: JSON.stringify({ ...event, type: "workload.running" }),
      });
      expect([stale(ledger), stale(spend)]).toEqual([false, false]);
      takeEvent(cache, createRefresh(cache), {
        event: type,
        data: JSON.stringify({ ...event, type, workload: null, state: null }),
      });
      expect([stale(ledger), stale(spend)]).toEqual([true, true]);
    }
  });

  it("has everything read anew after a gap, and the offers when they changed", () => {
    takeEvent(cache, createRefresh(cache), { event: "offers", data: "{}" });
    expect([stale(["listOffers", "whole", {}]), stale(one)]).toEqual([true, false]);
    takeEvent(cache, createRefresh(cache), { event: "reset", data: "{}" });
    expect([stale(one), stale(["getMarket", {}])]).toEqual([true, true]);
  });

  it("passes over an event that it does not know", () => {
    takeEvent(cache, createRefresh(cache), { event: "new.kind", data: '{"id":"2"}' });
    expect([stale(one), cache.getQueryData(one)]).toEqual([false, workload]);
  });
});
