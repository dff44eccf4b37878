import type { z } from "zod";
import { badRequest, type FieldError } from "./problem.ts";

/** Parses one part of a request by its schema; rejects with `bad-request` that names every wrong field by JSON pointer. */
export function parsePart(schema: z.ZodType, value: unknown, part: "body" | "query" | "params"): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const root = part === "body" ? "" : part;
  const errors: FieldError[] = [];
  for (const issue of result.error.issues.slice(0, 20)) {
    const unknownKeys = issue.code === "unrecognized_keys" ? issue.keys : [undefined];
    for (const key of unknownKeys.slice(0, 20)) {
      const path = key === undefined ? issue.path : [...issue.path, key];
      errors.push({
        pointer: [root, ...path.map((step) => escapePointer(String(step)))].join("/"),
        code: issue.code,
        message: key === undefined ? issue.message : "unknown field",
      });
    }
  }
  throw badRequest(errors);
}

/** RFC 6901. Keys come from the caller, so they are cut to a sane length. */
function escapePointer(step: string): string {
  return step.slice(0, 100).replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The query as an object. A name that stands twice is refused: which one counts would be anyone's guess. */
export function queryOf(url: URL): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    if (Object.hasOwn(query, name)) {
      throw badRequest([{ pointer: `query/${escapePointer(name)}`, code: "duplicate", message: "given twice" }]);
    }
    if (name === "__proto__") throw badRequest([{ pointer: "query", code: "key", message: "unknown field" }]);
    query[name] = value;
  }
  return query;
}
