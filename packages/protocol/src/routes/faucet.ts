import { z } from "zod";
import { address, id } from "../primitives.ts";
import { faucetGrant } from "../resources.ts";
import { defineRoute } from "../route.ts";

/** Only a local market has a faucet; `getMarket` tells what it gives. */
export const requestFunds = defineRoute({
  method: "POST",
  path: "/v1/faucet",
  operationId: "requestFunds",
  summary: "Ask a local market's faucet for test funds, with gas money",
  scopes: "public",
  rate: "write",
  idempotent: true,
  body: z.strictObject({ address }),
  response: faucetGrant,
  status: 202,
  problems: ["bad-request", "no-faucet", "faucet-empty"],
});

export const getGrant = defineRoute({
  method: "GET",
  path: "/v1/faucet/{id}",
  operationId: "getGrant",
  summary: "Follow what the faucet was asked for",
  scopes: "public",
  rate: "read",
  idempotent: false,
  params: z.strictObject({ id: id("fct") }),
  response: faucetGrant,
  status: 200,
  problems: ["not-found"],
});
