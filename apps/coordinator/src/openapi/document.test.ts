import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PROBLEMS } from "@corepool/protocol/problems";
import { SCOPES } from "@corepool/protocol/route";
import { describe, expect, it } from "vitest";
import { ALL_ROUTES } from "./all-routes.ts";
import { openApiDocument, problemsOf } from "./document.ts";

const document = openApiDocument(ALL_ROUTES, "/");

/** Every value under a key, anywhere in a document. */
function collect(value: unknown, key: string, found: unknown[] = []): unknown[] {
  if (typeof value !== "object" || value === null) return found;
  for (const [name, item] of Object.entries(value)) {
    if (name === key) found.push(item);
    collect(item, key, found);
  }
  return found;
}

function resolve(pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
}

describe("the OpenAPI document", () => {
  it("is the committed one: run `node apps/coordinator/src/openapi/write.ts` after a change of the routes", async () => {
    const committed: unknown = JSON.parse(
      await readFile(join(import.meta.dirname, "..", "..", "openapi.json"), "utf8"),
    );
    expect(JSON.parse(JSON.stringify(document))).toEqual(committed);
  });

  it("knows every route once, each with what a reader needs", () => {
    expect(ALL_ROUTES.length).toBeGreaterThan(25);
    expect(new Set(ALL_ROUTES.map((r) => r.operationId)).size).toBe(ALL_ROUTES.length);
    expect(new Set(ALL_ROUTES.map((r) => `${r.method} ${r.path}`)).size).toBe(ALL_ROUTES.length);
    for (const route of ALL_ROUTES) {
      expect(route.operationId, route.path).toMatch(/^[a-z][A-Za-z]+$/);
      expect(route.summary.length, route.operationId).toBeGreaterThan(9);
      expect(route.path, route.operationId).toMatch(/^\/v1\/[a-z0-9/{}-]+$/);
      if (route.scopes !== "public") for (const scope of route.scopes) expect(SCOPES).toContain(scope);
      expect(problemsOf(route).length, route.operationId).toBeGreaterThan(1);
      for (const code of problemsOf(route)) expect(PROBLEMS[code], `${route.operationId} ${code}`).toBeDefined();
      const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
      const operation = (
        document["paths"] as Record<string, Record<string, { parameters: { in: string; name: string }[] }>>
      )[route.path]?.[route.method.toLowerCase()];
      expect(
        operation?.parameters.filter((p) => p.in === "path").map((p) => p.name),
        route.operationId,
      ).toEqual(named);
    }
  });

  it("has no reference that leads nowhere, and no schema that nobody uses", () => {
    const references = collect(document, "$ref") as string[];
    expect(references.length).toBeGreaterThan(20);
    for (const reference of references) expect(resolve(reference.slice(1)), reference).toBeDefined();
    const used = new Set(references.map((reference) => reference.split("/").at(-1)));
    for (const name of Object.keys(resolve("/components/schemas") as object)) expect(used.has(name), name).toBe(true);
  });

  it("lets clients leave out what has a default, and promises it in answers", () => {
    const schemas = resolve("/components/schemas") as Record<
      string,
      { required?: string[]; additionalProperties?: boolean }
    >;
    expect(schemas["JobSpec"]?.required).toContain("env");
    expect(schemas["JobSpecInput"]?.required).not.toContain("env");
    expect(schemas["JobSpecInput"]?.additionalProperties).toBe(false);
  });
});
