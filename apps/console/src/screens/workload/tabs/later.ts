import { lazy } from "react";

/** The parts of the page beside the overview, which is seen first: loaded when the overview stands, or when one is asked for. */
const LOAD = {
  log: () => import("../log/pane.tsx"),
  metrics: () => import("./metrics.tsx"),
  files: () => import("./files.tsx"),
  receipt: () => import("./receipt.tsx"),
  events: () => import("./events.tsx"),
  config: () => import("./config.tsx"),
} as const;

export const LogPane = lazy(async () => ({ default: (await LOAD.log()).LogPane }));
export const MetricsTab = lazy(async () => ({ default: (await LOAD.metrics()).MetricsTab }));
export const FilesTab = lazy(async () => ({ default: (await LOAD.files()).FilesTab }));
export const ReceiptTab = lazy(async () => ({ default: (await LOAD.receipt()).ReceiptTab }));
export const EventsTab = lazy(async () => ({ default: (await LOAD.events()).EventsTab }));
export const ConfigTab = lazy(async () => ({ default: (await LOAD.config()).ConfigTab }));

/** Loads every part, so that the next one opens at once, and without a network too. */
export function loadTabs(): void {
  for (const load of Object.values(LOAD)) load().catch(() => undefined);
}
