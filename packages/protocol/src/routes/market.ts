import { z } from "zod";
import { address, amount, bytes32, id, page, pageQuery } from "../primitives.ts";
import { machine, market, network, offer, prices } from "../resources.ts";
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

const size = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Machines of this fleet: those that the account provides, and those that have an open offer which pays it. */
const fleet = address.optional();

/** What an offer must have at least. */
const offerFilter = {
  token: address.optional(),
  provider: address.optional(),
  machine: bytes32.optional(),
  fleet,
  cpus: z.coerce.number().int().min(1).max(4_096).optional(),
  memoryBytes: size.optional(),
  diskBytes: size.optional(),
  gpus: z.coerce.number().int().min(0).max(1_024).optional(),
  /** A part of a GPU's model name, in any case. */
  gpuModel: z
    .string()
    .min(1)
    .max(80)
    .regex(/^[^\p{Cc}]+$/u, "no control character")
    .optional(),
  /** Base units per second. */
  minRate: amount.optional(),
  maxRate: amount.optional(),
  /** `cgroup`: the kernel holds memory, processes and processors within their limits. */
  limits: z.enum(["cgroup"]).optional(),
  /** `none`: no known weakness of the machine. */
  weaknesses: z.enum(["none"]).optional(),
  /** `true`: the machine is there, and its unit is not taken. */
  free: z.enum(["true"]).optional(),
};

export const listOffers = defineRoute({
  method: "GET",
  path: "/v1/offers",
  operationId: "listOffers",
  summary: "List open offers that fit, cheapest first or as asked for",
  scopes: "public",
  rate: "read",
  idempotent: false,
  query: pageQuery.extend({
    ...offerFilter,
    sort: z
      .enum(["rate", "-rate", "cpus", "-cpus", "memory", "-memory", "gpus", "-gpus", "age", "-age"])
      .default("rate"),
  }),
  response: page(offer),
  status: 200,
  problems: ["bad-request", "bad-cursor"],
});

export const offerPrices = defineRoute({
  method: "GET",
  path: "/v1/offer-prices",
  operationId: "offerPrices",
  summary: "How the prices of the open offers that fit are spread, by token",
  scopes: "public",
  rate: "read",
  idempotent: false,
  query: z.strictObject({ ...offerFilter, buckets: z.coerce.number().int().min(2).max(60).default(24) }),
  response: prices,
  status: 200,
  problems: ["bad-request"],
});

/** Counted at most every few seconds. */
export const getNetwork = defineRoute({
  method: "GET",
  path: "/v1/network",
  operationId: "getNetwork",
  summary: "Supply, demand, prices and settlement of the whole market",
  scopes: "public",
  rate: "read",
  idempotent: false,
  response: network,
  status: 200,
  problems: ["chain-unavailable"],
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
  summary: "List machines, or those of one account's fleet",
  scopes: "public",
  rate: "read",
  idempotent: false,
  query: pageQuery.extend({ fleet }),
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
