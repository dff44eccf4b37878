import { defineRoute } from "@corepool/protocol/route";
import { z } from "zod";

/** Routes that exist for the tests of the HTTP frame alone. */
export const echo = defineRoute({
  method: "POST",
  path: "/v1/things/{id}",
  operationId: "echoThing",
  summary: "Echo a thing",
  scopes: ["workloads:write"],
  rate: "write",
  idempotent: false,
  params: z.strictObject({ id: z.string().max(20) }),
  query: z.strictObject({ n: z.coerce.number().int().max(9).optional() }),
  body: z.strictObject({
    text: z.string().max(10),
    inner: z.strictObject({ x: z.int() }).optional(),
    env: z.record(z.string(), z.string()).optional(),
  }),
  response: z.object({ id: z.string(), text: z.string() }),
  status: 201,
  problems: [],
});
export const count = defineRoute({
  method: "POST",
  path: "/v1/count",
  operationId: "countUp",
  summary: "Count up once",
  scopes: ["workloads:write"],
  rate: "write",
  idempotent: true,
  body: z.strictObject({ how: z.enum(["plain", "settle", "settle-then-fail", "refuse", "later", "break", "slow"]) }),
  response: z.object({ n: z.int() }),
  status: 201,
  problems: [],
});
export const broken = defineRoute({
  method: "GET",
  path: "/v1/broken",
  operationId: "breakDown",
  summary: "Break down",
  scopes: "public",
  rate: "read",
  idempotent: false,
  query: z.strictObject({ how: z.enum(["sql", "throw", "off-schema", "extra-field", "early"]) }),
  response: z.object({ n: z.int() }),
  status: 200,
  problems: [],
});
export const listed = defineRoute({
  method: "GET",
  path: "/v1/numbers",
  operationId: "listNumbers",
  summary: "List numbers",
  scopes: "public",
  rate: "read",
  idempotent: false,
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: z.string().max(512).optional(),
    even: z.enum(["yes"]).optional(),
  }),
  response: z.object({ data: z.array(z.int()), nextCursor: z.string().nullable(), hasMore: z.boolean() }),
  status: 200,
  problems: ["bad-cursor"],
});
