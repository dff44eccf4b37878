import * as resources from "@corepool/protocol/resources";
import * as spec from "@corepool/protocol/spec";
import { z } from "zod";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Schemas that get a name of their own in the document: those that the protocol exports. */
const NAMED = z.registry<{ id: string }>();
for (const [name, value] of Object.entries<unknown>({ ...spec, ...resources })) {
  if (value instanceof z.ZodType) NAMED.add(value, { id: name.charAt(0).toUpperCase() + name.slice(1) });
}

/** Writes zod schemas as JSON Schema (2020-12) and collects the named ones on the way. */
export class SchemaWriter {
  /** The named schemas used so far. */
  readonly components: Record<string, JsonObject> = {};

  /**
   * The schema of a value as it travels: `input` for what clients send (defaults may be left out), `output` for what
   * they get. A named schema whose two forms differ has `Input` behind its name in the first.
   */
  write(schema: z.ZodType, io: "input" | "output"): JsonObject {
    const whole = z.toJSONSchema(schema, { target: "draft-2020-12", io, metadata: NAMED, unrepresentable: "throw" });
    const {
      $schema: _dialect,
      $defs: definitions,
      ...rest
    } = JSON.parse(JSON.stringify(whole)) as Record<string, Json>;
    const suffix = io === "input" ? "Input" : "";
    if (isObject(definitions)) {
      for (const [name, definition] of Object.entries(definitions)) {
        if (isObject(definition)) this.components[name + suffix] = relocate(withoutId(definition), suffix);
      }
    }
    return relocate(rest, suffix);
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withoutId(definition: JsonObject): JsonObject {
  const { id: _id, ...rest } = definition;
  return rest;
}

/** Points references at the document's components, and drops bounds that say nothing (any safe integer). */
function relocate(value: JsonObject, suffix: string): JsonObject {
  const visit = (v: Json): Json => {
    if (Array.isArray(v)) return v.map(visit);
    if (!isObject(v)) return v;
    const entries = Object.entries(v)
      .filter(
        ([key, item]) =>
          !(
            (key === "minimum" || key === "maximum") &&
            typeof item === "number" &&
            Math.abs(item) === Number.MAX_SAFE_INTEGER
          ),
      )
      .map(([key, item]): [string, Json] => {
        if (key === "$ref" && typeof item === "string")
          return [key, `${item.replace("#/$defs/", "#/components/schemas/")}${suffix}`];
        return [key, visit(item)];
      });
    return Object.fromEntries(entries);
  };
  return visit(value) as JsonObject;
}
