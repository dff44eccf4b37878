import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { books } from "./support/books.ts";
import { clear, newPlace, type Place, type RunningMarket, resultOf, startMarket } from "./support/market.ts";
import { startProxy } from "./support/proxy.ts";

const INTERVAL = 1;
const GRACE = 2 * INTERVAL;

describe("a machine that is cut off", () => {
  let place: Place;
  let market: RunningMarket;
  let proxy: Awaited<ReturnType<typeof startProxy>>;

  beforeAll(async () => {
    place = await newPlace({ COREPOOL_INTERVAL: String(INTERVAL), COREPOOL_HOLD: "4" });
    proxy = await startProxy(place.ports.api);
    market = await startMarket(place, "--agent-url", `http://127.0.0.1:${proxy.port}`);
  });
  afterAll(async () => {
    market.up.child.kill("SIGTERM");
    await market.up.ended;
    await proxy.close();
    await clear(place);
  });

  it("is paid at most one interval and the grace beyond the cut", async () => {
    const job = market.start("run", "--time", "5m", "--", "sleep", "120");
    await job.until("running", (l) => l.type === "state" && l.state === "running");
    await job.until("a few notes", () => job.said.filter((l) => l.type === "note").length >= 4);
    const cutAt = Date.now();
    proxy.cut();
    // Long enough for the freeze, the hold and the end on the machine's side.
    await new Promise((resolve) => setTimeout(resolve, (INTERVAL + GRACE + 4 + 4) * 1000));
    proxy.heal();
    const code = await job.ended;
    expect(code).toBe(1);
    const { workload, receipt } = resultOf(job.said);
    expect(workload.state).toBe("failed");
    const servedUntilCut = Math.ceil(cutAt / 1000) - receipt.terms.start;
    const bound = BigInt(receipt.terms.rate) * BigInt(servedUntilCut + INTERVAL + GRACE);
    expect(BigInt(receipt.total)).toBeGreaterThan(0n);
    expect(BigInt(receipt.total)).toBeLessThanOrEqual(bound);
    expect(BigInt(receipt.total) + BigInt(receipt.refund)).toBe(BigInt(receipt.terms.escrow));
    const { cash, escrow, fees, tokens } = await books(market);
    expect(cash + escrow + fees).toBe(tokens);
    expect(escrow).toBe(0n);
  });
});
