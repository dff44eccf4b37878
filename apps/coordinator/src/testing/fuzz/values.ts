import fc from "fast-check";
import { z } from "zod";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface Schema {
  readonly [keyword: string]: unknown;
}

const MOST_ITEMS = 3;
const ADDRESS = "^0x[0-9a-fA-F]{40}$";

/** Values that a schema accepts, by its JSON Schema; what that cannot say (refinements) is filtered. */
export function valuesOf(schema: z.ZodType): fc.Arbitrary<Json> {
  const written = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema;
  return valuesOfJson(written).filter((value) => schema.safeParse(value).success);
}

function valuesOfJson(schema: Schema): fc.Arbitrary<Json> {
  if ("const" in schema) return fc.constant(schema["const"] as Json);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as Json[]));
  const either = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(either)) return fc.oneof(...either.map((each) => valuesOfJson(each as Schema)));
  switch (schema["type"]) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer":
    case "number":
      return integers(Number(schema["minimum"] ?? -(2 ** 53 - 1)), Number(schema["maximum"] ?? 2 ** 53 - 1));
    case "string":
      return strings(schema);
    case "array": {
      const minLength = Number(schema["minItems"] ?? 0);
      return fc.array(valuesOfJson(schema["items"] as Schema), { minLength, maxLength: minLength + MOST_ITEMS });
    }
    case "object":
      return objects(schema);
    default:
      throw new TypeError(`no values for ${JSON.stringify(schema)}`);
  }
}

/** Bounds come as often as all between them. */
function integers(min: number, max: number): fc.Arbitrary<Json> {
  return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max: Math.min(max, min + 1_000_000) }));
}

function strings(schema: Schema): fc.Arbitrary<Json> {
  const minLength = Number(schema["minLength"] ?? 0);
  const maxLength = Math.min(Number(schema["maxLength"] ?? 64), minLength + 64);
  const { format, pattern } = schema;
  if (format === "date-time")
    return fc
      .date({ min: new Date(0), max: new Date("2099-12-31"), noInvalidDate: true })
      .map((date) => date.toISOString());
  if (format === "base64") return fc.base64String({ maxLength: 64 });
  // Of addresses in capitals hardly any has the right checksum: filtering would not end.
  if (pattern === ADDRESS) return fc.stringMatching(/^0x[0-9a-f]{40}$/);
  // fast-check writes no strings for Unicode properties; what the pattern refuses is filtered with the schema.
  if (typeof pattern !== "string" || pattern.includes("\\p{")) return fc.string({ minLength, maxLength });
  return fc.stringMatching(new RegExp(pattern, "u"), { size: "small" });
}

function objects(schema: Schema): fc.Arbitrary<Json> {
  const properties = (schema["properties"] ?? {}) as Record<string, Schema>;
  const names = Object.keys(properties);
  if (names.length === 0 && typeof schema["additionalProperties"] === "object") {
    const keys = valuesOfJson((schema["propertyNames"] ?? { type: "string" }) as Schema) as fc.Arbitrary<string>;
    const values = valuesOfJson(schema["additionalProperties"] as Schema);
    return fc.dictionary(keys, values, { maxKeys: MOST_ITEMS, noNullPrototype: true });
  }
  const required = new Set((schema["required"] ?? []) as string[]);
  return fc.record(Object.fromEntries(names.map((name) => [name, valuesOfJson(properties[name] as Schema)])), {
    requiredKeys: names.filter((name) => required.has(name)),
    noNullPrototype: true,
  }) as fc.Arbitrary<Json>;
}
