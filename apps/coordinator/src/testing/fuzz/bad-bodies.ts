import fc from "fast-check";
import type { z } from "zod";
import { AMOUNTS, CONFUSED, HEXES, NUMBERS, TEXTS } from "./junk.ts";
import { type Json, valuesOf } from "./values.ts";

/** One kind of bad body. */
export interface BodyKind {
  readonly kind: string;
  readonly refused: boolean;
  readonly bodies: fc.Arbitrary<Uint8Array>;
  /** Bodies that are all sent, beside a sample of the others. */
  readonly always?: readonly Uint8Array[];
}

type Path = readonly (string | number)[];

/** Every place of a value, the whole among them. */
function placesOf(value: Json, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [at];
  const inner = Array.isArray(value)
    ? value.flatMap((item, i) => placesOf(item, [...at, i]))
    : Object.entries(value).flatMap(([name, item]) => placesOf(item, [...at, name]));
  return [at, ...inner];
}

/** The value with another one at a place. */
function replaced(value: Json, at: Path, by: Json): Json {
  const [step, ...rest] = at;
  if (step === undefined) return by;
  if (Array.isArray(value)) return value.map((item, i) => (i === step ? replaced(item, rest, by) : item));
  return {
    ...(value as Record<string, Json>),
    [step]: replaced((value as Record<string, Json>)[step] ?? null, rest, by),
  };
}

function valueAt(value: Json, at: Path): Json | undefined {
  return at.reduce<Json | undefined>(
    (inner, step) =>
      typeof inner === "object" && inner !== null ? (inner as Record<string | number, Json>)[step] : undefined,
    value,
  );
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "utf8"));
const json = (value: Json) => bytes(JSON.stringify(value));

/** Every kind of bad body around a good one. What the schema takes nevertheless need not be refused. */
export function badBodies(schema: z.ZodType, good: Json): BodyKind[] {
  const text = JSON.stringify(good);
  const places = placesOf(good);
  const place = fc.constantFrom(...places);
  const leaf = fc.constantFrom(...places.filter((at) => typeof valueAt(good, at) !== "object" || at.length === 0));
  const wrong = (value: Json) => !schema.safeParse(value).success;
  const at = (where: fc.Arbitrary<Path>, values: fc.Arbitrary<Json>) =>
    fc.tuple(where, values).map(([spot, value]) => replaced(good, spot, value));
  const junk = fc.oneof(
    fc.constantFrom<Json>(...TEXTS),
    fc.constantFrom<Json>(...NUMBERS),
    fc.constantFrom<Json>(...AMOUNTS, ...HEXES),
    fc.string({ unit: "binary" }),
  );

  return [
    { kind: "broken JSON", refused: true, bodies: brokenJson(text) },
    {
      kind: "type confusion",
      refused: true,
      bodies: at(place, fc.constantFrom(...CONFUSED))
        .filter(wrong)
        .map(json),
    },
    { kind: "bad value", refused: true, bodies: at(leaf, junk).filter(wrong).map(json) },
    { kind: "odd value", refused: false, bodies: at(leaf, junk).map(json), always: oddTexts(schema, good, places) },
    { kind: "another good value", refused: false, bodies: transplanted(schema, good, leaf).map(json) },
    { kind: "any good body", refused: false, bodies: valuesOf(schema).map(json) },
    { kind: "missing field", refused: true, bodies: missing(good, places).filter(wrong).map(json) },
    { kind: "unknown field", refused: true, bodies: unknownField(good, places).filter(wrong).map(json) },
    { kind: "prototype", refused: true, bodies: prototypes(text) },
    {
      kind: "field given twice",
      refused: false,
      bodies: fc
        .constantFrom(...Object.keys(good as object))
        .map((name) => bytes(`{${JSON.stringify(name)}:null,${text.slice(1)}`)),
    },
    { kind: "deep", refused: true, bodies: deep(text) },
    {
      kind: "large",
      refused: true,
      bodies: fc.constantFrom(2 ** 20, 2 ** 20 + 7).map((size) => bytes(`{"x":"${"y".repeat(size)}"}`)),
    },
  ];
}

/** For each odd text a body that has it in every place where the schema takes it. */
function oddTexts(schema: z.ZodType, good: Json, places: readonly Path[]): Uint8Array[] {
  const strings = places.filter((at) => typeof valueAt(good, at) === "string");
  return TEXTS.flatMap((text) => {
    const fit = strings.filter((at) => schema.safeParse(replaced(good, at, text)).success);
    return fit.length === 0 ? [] : [json(fit.reduce((body, at) => replaced(body, at, text), good))];
  });
}

function brokenJson(text: string): fc.Arbitrary<Uint8Array> {
  const cut = fc.nat(Math.max(0, text.length - 2)).map((length) => bytes(text.slice(0, length)));
  const wrapped = fc
    .constantFrom(
      `${text}x`,
      `${text}${text}`,
      `\ufeff${text}`,
      `'${text}'`,
      `${text.slice(0, -1)},}`,
      "NaN",
      "undefined",
      "01",
      "1e",
      '"\\u12"',
      "{a:1}",
      "[1,]",
      "/**/{}",
    )
    .map(bytes);
  const invalid = fc.constantFrom([0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]).map((odd) => {
    const whole = Buffer.from(text, "utf8");
    return new Uint8Array(
      Buffer.concat([Buffer.from('{"x":"'), Buffer.from(odd), Buffer.from('",'), whole.subarray(1)]),
    );
  });
  return fc.oneof(cut, wrapped, invalid);
}

/** A leaf of the good body replaced by what another body that the schema takes has in its place. */
function transplanted(schema: z.ZodType, good: Json, leaf: fc.Arbitrary<Path>): fc.Arbitrary<Json> {
  return fc.tuple(leaf, valuesOf(schema)).map(([at, donor]) => {
    const value = valueAt(donor, at);
    return value === undefined ? donor : replaced(good, at, value);
  });
}

function missing(good: Json, places: readonly Path[]): fc.Arbitrary<Json> {
  const named = places.filter((at) => typeof at.at(-1) === "string");
  return fc.constantFrom(...named).map((at) => {
    const owner = { ...(valueAt(good, at.slice(0, -1)) as Record<string, Json>) };
    delete owner[String(at.at(-1))];
    return replaced(good, at.slice(0, -1), owner);
  });
}

function unknownField(good: Json, places: readonly Path[]): fc.Arbitrary<Json> {
  const objects = places.filter((at) => {
    const value = valueAt(good, at);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  });
  const names = [
    "nobodyKnows",
    "constructor",
    "prototype",
    "toJSON",
    "hasOwnProperty",
    "length",
    "",
    "\u0000",
    "then",
    "isAdmin",
  ];
  return fc
    .tuple(fc.constantFrom(...objects), fc.constantFrom(...names))
    .map(([at, name]) => replaced(good, at, { ...(valueAt(good, at) as Record<string, Json>), [name]: 1 }));
}

function prototypes(text: string): fc.Arbitrary<Uint8Array> {
  return fc
    .constantFrom(
      `{"__proto__":{"admin":true},${text.slice(1)}`,
      `{"\\u005f_proto__":{},${text.slice(1)}`,
      `{"constructor":{"prototype":{"admin":true}},${text.slice(1)}`,
      '{"__proto__":null}',
      '[{"__proto__":[]}]',
    )
    .map(bytes);
}

function deep(text: string): fc.Arbitrary<Uint8Array> {
  const depths = fc.constantFrom(33, 500, 10_000);
  const shapes = [
    (n: number) => `${"[".repeat(n)}${"]".repeat(n)}`,
    (n: number) => "[".repeat(n),
    (n: number) => `${'{"a":'.repeat(n)}1${"}".repeat(n)}`,
    (n: number) => `{"x":${"[".repeat(n)}${"]".repeat(n)},${text.slice(1)}`,
  ];
  return fc.tuple(depths, fc.constantFrom(...shapes)).map(([n, shape]) => bytes(shape(n)));
}
