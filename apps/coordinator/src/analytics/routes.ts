import type { NetworkView } from "@corepool/protocol/resources";
import { getNetwork } from "@corepool/protocol/routes/market";
import type { MarketContext } from "../market/context.ts";
import type { Database } from "../platform/database/database.ts";
import { type Api, Reply } from "../platform/http/call.ts";
import { countNetwork } from "./network.ts";

/** For so long a count serves everybody. */
const FRESH_MS = 5_000;

/** Binds the public figures of the market: whoever asks, they are counted at most every five seconds. */
export function bindNetwork(
  api: Api,
  parts: {
    readonly database: Pick<Database, "reader">;
    readonly context: Pick<MarketContext, "clock" | "chain" | "tokens">;
  },
): void {
  const { database, context } = parts;
  let known: { readonly until: number; readonly view: Promise<NetworkView> } | undefined;
  api.bind(getNetwork, async () => {
    const now = context.clock.monotonic();
    if (known === undefined || now >= known.until) {
      const view = countNetwork(database.reader, context);
      known = { until: now + FRESH_MS, view };
      // The next one who asks tries again.
      view.catch(() => {
        known = undefined;
      });
    }
    return new Reply(await known.view, { headers: { "cache-control": "public, max-age=5" } });
  });
}
