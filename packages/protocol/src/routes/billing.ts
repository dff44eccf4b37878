import { z } from "zod";
import { address, bytes32, id, page, pageQuery } from "../primitives.ts";
import { ledgerEntry, spend } from "../resources.ts";
import { defineRoute } from "../route.ts";

export const listLedger = defineRoute({
  method: "GET",
  path: "/v1/account/ledger",
  operationId: "listLedger",
  summary: "List what moved your cash and escrow on chain, newest first",
  scopes: ["account:read"],
  rate: "read",
  idempotent: false,
  query: pageQuery.extend({
    token: address.optional(),
    kind: ledgerEntry.shape.kind.optional(),
    workload: id("wkl").optional(),
    /** What leases of this machine moved. */
    machine: bytes32.optional(),
  }),
  response: page(ledgerEntry),
  status: 200,
  problems: ["bad-request", "bad-cursor"],
});

export const getSpend = defineRoute({
  method: "GET",
  path: "/v1/account/spend",
  operationId: "getSpend",
  summary: "Your spending and earnings by day, and where they lead",
  scopes: ["account:read"],
  rate: "read",
  idempotent: false,
  query: z.strictObject({ days: z.coerce.number().int().min(1).max(366).default(30) }),
  response: spend,
  status: 200,
  problems: ["bad-request"],
});
