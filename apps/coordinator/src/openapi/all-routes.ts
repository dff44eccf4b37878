import type { Route } from "@corepool/protocol/route";
import * as accounts from "@corepool/protocol/routes/accounts";
import * as billing from "@corepool/protocol/routes/billing";
import * as blobs from "@corepool/protocol/routes/blobs";
import * as faucet from "@corepool/protocol/routes/faucet";
import * as machines from "@corepool/protocol/routes/machines";
import * as market from "@corepool/protocol/routes/market";
import * as records from "@corepool/protocol/routes/records";
import * as workloads from "@corepool/protocol/routes/workloads";

/** Every route that the protocol declares, by path and method. */
export const ALL_ROUTES: readonly Route[] = [market, workloads, accounts, billing, blobs, faucet, machines, records]
  .flatMap((file) => Object.values<unknown>(file).filter(isRoute))
  .sort((a, b) => (`${a.path} ${a.method}` < `${b.path} ${b.method}` ? -1 : 1));

function isRoute(value: unknown): value is Route {
  return typeof value === "object" && value !== null && "operationId" in value && "path" in value;
}
