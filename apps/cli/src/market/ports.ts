import { createServer } from "node:net";
import { CorepoolError } from "@corepool/core/errors";
import { systemCode } from "../files.ts";

/** Where a local market listens, on loopback. */
export interface Ports {
  readonly api: number;
  readonly metrics: number;
  readonly chain: number;
  readonly database: number;
}

export const DEFAULT_PORTS: Ports = { api: 8080, metrics: 9464, chain: 8545, database: 15_432 };

const WHAT: Readonly<Record<keyof Ports, { readonly name: string; readonly option: string }>> = {
  api: { name: "the coordinator", option: "--port" },
  metrics: { name: "the coordinator's metrics", option: "--metrics-port" },
  chain: { name: "the chain", option: "--chain-port" },
  database: { name: "the database", option: "--database-port" },
};

/** Whether nothing listens there; a port that only root may take counts as taken for others. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error) =>
      ["EADDRINUSE", "EACCES"].includes(systemCode(error) ?? "") ? resolve(false) : reject(error),
    );
    probe.listen({ host: "127.0.0.1", port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Rejects with `port-in-use` naming every port that is taken, before anything is started. */
export async function checkPorts(ports: Ports): Promise<void> {
  const taken: (keyof Ports)[] = [];
  for (const part of ["api", "metrics", "chain", "database"] as const)
    if (!(await isFree(ports[part]))) taken.push(part);
  const first = taken[0];
  if (first === undefined) return;
  throw new CorepoolError("port-in-use", {
    detail: `Something else listens on ${taken.map((p) => `127.0.0.1:${ports[p]} (wanted by ${WHAT[p].name})`).join(", ")}; nothing was started.`,
    next: `Stop it, or choose another port with ${taken.map((p) => `${WHAT[p].option} N`).join(" ")}.`,
    data: { ports: taken.map((p) => ports[p]) },
  });
}
