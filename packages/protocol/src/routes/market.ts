import { z } from "zod";
import { address, bytes32, id, page, pageQuery } from "../primitives.ts";
import { machine, market, offer } from "../resources.ts";
import { defineRoute } from "../route.ts";

export const getMarket = defineRoute({
  method: "GET",
  path: "/v1/market",
  operationId: "getMarket",
  summary: "The chain, contracts, tokens and rules of this market",
  scopes: "public",
  rate: "read",
  idempotent: false,
  response: market,
  status: 200,
  problems: ["chain-unavailable"],
});

export const listOffers = defineRoute({
  method: "GET",
  path: "/v1/offers",
  operationId: "listOffers",
  summary: "List open offers, cheapest first",
  scopes: "public",
  rate: "read",
  idempotent: false,
  query: pageQuery.extend({
    token: address.optional(),
    provider: address.optional(),
    cpus: z.coerce.number().int().min(1).optional(),
  }),
  response: page(offer),
  status: 200,
  problems: ["bad-request", "bad-cursor"],
});

export const getOffer = defineRoute({
  method: "GET",
  path: "/v1/offers/{id}",
  operationId: "getOffer",
  summary: "Get an offer with its signature",
  scopes: "public",
  rate: "read",
  idempotent: false,
  params: z.strictObject({ id: id("ofr") }),
  response: offer,
  status: 200,
  problems: ["not-found"],
});

export const listMachines = defineRoute({
  method: "GET",
  path: "/v1/machines",
  operationId: "listMachines",
  summary: "List machines",
  scopes: "public",
  rate: "read",
  idempotent: false,
  query: pageQuery,
  response: page(machine),
  status: 200,
  problems: ["bad-request", "bad-cursor"],
});

export const getMachine = defineRoute({
  method: "GET",
  path: "/v1/machines/{id}",
  operationId: "getMachine",
  summary: "Get a machine",
  scopes: "public",
  rate: "read",
  idempotent: false,
  params: z.strictObject({ id: bytes32 }),
  response: machine,
  status: 200,
  problems: ["not-found"],
});
