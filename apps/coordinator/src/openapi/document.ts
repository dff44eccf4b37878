import { PROBLEMS, type ProblemCode } from "@corepool/protocol/problems";
import { type Route, SCOPES } from "@corepool/protocol/route";
import type { z } from "zod";
import { type Json, type JsonObject, SchemaWriter } from "./schemas.ts";

/** Problems that any route may answer with, beside its own. */
const COMMON: readonly ProblemCode[] = ["rate-limited", "database-unavailable", "internal"];
const BODY: readonly ProblemCode[] = ["bad-request", "request-timeout", "body-too-large", "unsupported-media-type"];
const IDEMPOTENT: readonly ProblemCode[] = [
  "idempotency-key-missing",
  "idempotency-key-reused",
  "idempotency-in-progress",
];

/** Every problem that a route may answer with: its own, and those of what the frame does for it. */
export function problemsOf(route: Route): readonly ProblemCode[] {
  return [
    ...new Set([
      ...route.problems,
      // Nobody needs to sign in for a public route, but who sends a credential must send a good one.
      ...(route.scopes === "public" ? (["unauthenticated"] as const) : (["unauthenticated", "forbidden"] as const)),
      ...(route.body === undefined ? [] : BODY),
      ...(route.params === undefined && route.query === undefined ? [] : (["bad-request"] as const)),
      ...(route.idempotent ? IDEMPOTENT : []),
      ...COMMON,
    ]),
  ];
}

/** The API as an OpenAPI 3.1 document, written from the route values alone. `server`: where it is reached. */
export function openApiDocument(routes: readonly Route[], server: string): JsonObject {
  const writer = new SchemaWriter();
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const methods = paths[route.path] ?? {};
    methods[route.method.toLowerCase()] = operation(route, writer);
    paths[route.path] = methods;
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Corepool",
      version: "1",
      summary: "An open market for AI compute.",
      description:
        "Money is base units as decimal strings beside the token's address, times are RFC 3339 UTC, sizes bytes. Errors are RFC 9457 problems. Lists page by an opaque cursor.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: server }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...sorted(writer.components), Problem: PROBLEM },
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: `A token of Sign-In with Ethereum, an API key, or an agent's token. Scopes: ${SCOPES.join(", ")}.`,
        },
      },
    },
  };
}

const tagOf = (route: Route) => route.path.split("/")[2] ?? "other";

function operation(route: Route, writer: SchemaWriter): JsonObject {
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [tagOf(route)],
    security: route.scopes === "public" ? [] : [{ bearer: [...route.scopes] }],
    "x-rate-class": route.rate,
    parameters: [
      ...parameters(route.params, "path", writer),
      ...parameters(route.query, "query", writer),
      ...(route.idempotent
        ? [
            {
              name: "Idempotency-Key",
              in: "header",
              required: true,
              schema: { type: "string", minLength: 16, maxLength: 255 },
            },
          ]
        : []),
    ],
    ...requestBody(route, writer),
    responses: {
      ...Object.fromEntries([route.status, ...(route.alsoStatus ?? [])].map((each) => [each, success(route, writer)])),
      ...failures(route),
    },
  };
}

function requestBody(route: Route, writer: SchemaWriter): JsonObject {
  if (route.body !== undefined) {
    return {
      requestBody: { required: true, content: { "application/json": { schema: writer.write(route.body, "input") } } },
    };
  }
  if (route.method !== "PUT") return {};
  return { requestBody: { required: true, content: { "application/octet-stream": { schema: {} } } } };
}

function success(route: Route, writer: SchemaWriter): JsonObject {
  const description = route.summary;
  if (route.response === "none") return { description };
  if (typeof route.response === "string") return { description, content: { [route.response]: { schema: {} } } };
  return { description, content: { "application/json": { schema: writer.write(route.response, "output") } } };
}

/** One response per status, naming the codes that it stands for. */
function failures(route: Route): JsonObject {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(route))
    byStatus.set(PROBLEMS[code].status, [...(byStatus.get(PROBLEMS[code].status) ?? []), code]);
  return Object.fromEntries(
    [...byStatus.entries()]
      .sort(([a], [b]) => a - b)
      .map(([status, codes]) => [
        String(status),
        {
          description: codes.map((code) => `${code}: ${PROBLEMS[code].title}`).join("; "),
          content: {
            "application/problem+json": {
              schema: { allOf: [{ $ref: "#/components/schemas/Problem" }, { properties: { code: { enum: codes } } }] },
            },
          },
        },
      ]),
  );
}

function parameters(schema: z.ZodType | undefined, place: "path" | "query", writer: SchemaWriter): JsonObject[] {
  if (schema === undefined) return [];
  const written = writer.write(schema, "input");
  const properties = written["properties"];
  const required = written["required"];
  if (typeof properties !== "object" || properties === null) throw new TypeError(`the ${place} schema is no object`);
  return Object.entries(properties as JsonObject).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || (Array.isArray(required) && required.includes(name)),
    schema: property,
  }));
}

function sorted(components: Readonly<Record<string, JsonObject>>): JsonObject {
  return Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const PROBLEM: JsonObject = {
  type: "object",
  required: ["type", "title", "status", "detail", "instance", "code", "requestId", "retryable"],
  properties: {
    type: { type: "string", format: "uri" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    next: { type: "string" },
    instance: { type: "string" },
    code: { type: "string", enum: Object.keys(PROBLEMS) },
    requestId: { type: "string" },
    retryable: { type: "boolean" },
    retryAfter: { type: "integer", description: "seconds" },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["pointer", "code", "message"],
        properties: { pointer: { type: "string" }, code: { type: "string" }, message: { type: "string" } },
      },
    },
    reasons: { type: "array", items: {} },
    relaxations: { type: "array", items: {} },
    data: { type: "object" },
  },
};
