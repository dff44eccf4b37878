import { z } from "zod";
import { bytes32, page, pageQuery } from "../primitives.ts";
import { ownMachine } from "../resources.ts";
import { defineRoute } from "../route.ts";

const byId = z.strictObject({ id: bytes32 });

export const listOwnMachines = defineRoute({
  method: "GET",
  path: "/v1/account/machines",
  operationId: "listOwnMachines",
  summary: "List your machines with their offers, leases and earnings of thirty days",
  scopes: ["account:read"],
  rate: "read",
  idempotent: false,
  query: pageQuery,
  response: page(ownMachine),
  status: 200,
  problems: ["bad-request", "bad-cursor"],
});

export const getOwnMachine = defineRoute({
  method: "GET",
  path: "/v1/account/machines/{id}",
  operationId: "getOwnMachine",
  summary: "Get one of your machines with its offers, leases and earnings of thirty days",
  scopes: ["account:read"],
  rate: "read",
  idempotent: false,
  params: byId,
  response: ownMachine,
  status: 200,
  problems: ["not-found"],
});

/** Its offers are signed and public: who has one may still open a lease on chain by himself, and it is served. */
export const drainMachine = defineRoute({
  method: "POST",
  path: "/v1/account/machines/{id}/drain",
  operationId: "drainMachine",
  summary: "Let a machine of yours run dry, or take new workloads again",
  scopes: ["machines:write"],
  rate: "write",
  idempotent: false,
  params: byId,
  body: z.strictObject({ draining: z.boolean() }),
  response: ownMachine,
  status: 200,
  problems: ["not-found"],
});
