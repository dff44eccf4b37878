import type { BrowserContext, CDPSession, Page } from "playwright-core";

/** What a page felt like so far: web vitals in ms, CLS without a unit. */
export interface Felt {
  readonly lcp: number;
  readonly cls: number;
  /** The slowest interaction: with as few as these, what INP is (web.dev, "Interaction to Next Paint"). */
  readonly inp: number;
  /** What was done in it, and to what. */
  readonly slowest: string;
}

/** Has every page of a context note what it feels like, from its first byte on. */
export async function noteVitals(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const felt = { lcp: 0, cls: 0, inp: 0, slowest: "" };
    (globalThis as unknown as { felt: typeof felt }).felt = felt;
    const observe = (type: string, take: (entry: PerformanceEntry) => void, more: object = {}) =>
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) take(entry);
      }).observe({ type, buffered: true, ...more } as PerformanceObserverInit);
    observe("largest-contentful-paint", ({ startTime }) => {
      felt.lcp = startTime;
    });
    observe("layout-shift", (entry) => {
      const { value, hadRecentInput } = entry as PerformanceEntry & { value: number; hadRecentInput: boolean };
      if (!hadRecentInput) felt.cls += value;
    });
    observe(
      "event",
      (entry) => {
        const { interactionId, target } = entry as PerformanceEntry & { interactionId: number; target: Node | null };
        if (interactionId === 0 || entry.duration <= felt.inp) return;
        felt.inp = entry.duration;
        felt.slowest = `${entry.name} on ${target?.nodeName ?? "?"} ${target?.textContent?.slice(0, 40) ?? ""}`;
      },
      { durationThreshold: 16 },
    );
  });
}

/** What a page has felt like since it was opened, or since `forget`. */
export function feltOn(page: Page): Promise<Felt> {
  return page.evaluate(() => ({ ...(globalThis as unknown as { felt: Felt }).felt }));
}

/** Begins anew: what comes from here on is told alone. */
export function forget(page: Page): Promise<void> {
  return page.evaluate(() => {
    Object.assign((globalThis as unknown as { felt: object }).felt, {
      lcp: 0,
      cls: 0,
      inp: 0,
      slowest: "",
    });
  });
}

/** A machine and a line as Lighthouse thinks of them: a phone's processor on slow 4G (150 ms, 1.6 Mbit/s). */
export async function throttle(page: Page): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 150,
    downloadThroughput: (1.6 * 1024 * 1024) / 8,
    uploadThroughput: (0.75 * 1024 * 1024) / 8,
  });
  return session;
}
