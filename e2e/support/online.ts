import { setTimeout as wait } from "node:timers/promises";
import { listOffers } from "@corepool/protocol/routes/market";
import { call } from "@corepool/sdk/call";
import type { Client } from "@corepool/sdk/client";

/** How long machines may take: the longest pause between two tries of an agent's, and a busy machine's slack. */
const PATIENCE_MS = 60_000;

/** Waits until so many machines of a market are connected. Rejects when they are not within a minute. */
export async function untilOnline(client: Client, machines: number): Promise<void> {
  for (const begun = performance.now(); ; await wait(100)) {
    const { data } = await call(client, listOffers, { query: { limit: 100 } });
    const online = new Set(data.filter((offer) => offer.online).map((offer) => offer.machine)).size;
    if (online >= machines) return;
    if (performance.now() - begun > PATIENCE_MS) throw new Error(`${online} of ${machines} machines are connected`);
  }
}
