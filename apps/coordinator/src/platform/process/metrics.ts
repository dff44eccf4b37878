import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** The metrics of the process frame. Other parts register theirs on the same registry. */
export interface Metrics {
  readonly registry: Registry;
  observe(operation: string, status: number, seconds: number): void;
}

/** Opens the registry. `connections` reads how many database connections are in use and how many requests wait for one. */
export function createMetrics(connections: () => { readonly used: number; readonly waiting: number }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: "corepool_http_request_seconds",
    help: "Time from request to answer, by operation and status class.",
    labelNames: ["operation", "status"],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers: [registry],
  });
  const gauge = new Gauge({
    name: "corepool_database_connections",
    help: "Database connections in use, and requests that wait for one.",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      const now = connections();
      this.set({ state: "used" }, now.used);
      this.set({ state: "waiting" }, now.waiting);
    },
  });
  gauge.reset();
  return {
    registry,
    observe: (operation, status, seconds) =>
      requests.observe({ operation, status: `${Math.floor(status / 100)}xx` }, seconds),
  };
}
