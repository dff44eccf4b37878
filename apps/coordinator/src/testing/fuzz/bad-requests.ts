import { randomUUID } from "node:crypto";
import type { Route } from "@corepool/protocol/route";
import fc from "fast-check";
import { badBodies } from "./bad-bodies.ts";
import type { RawRequest } from "./exchange.ts";
import { NUMBERS, TEXTS } from "./junk.ts";
import { type Json, valuesOf } from "./values.ts";

/** A good request of a route, from which the bad ones are made. */
export interface GoodRequest {
  readonly token: string;
  /** Values of the path's parameters: things of the caller's own. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Json | undefined;
  /** The raw body of a route that takes bytes. */
  readonly bytes: Uint8Array | undefined;
  readonly headers: readonly (readonly [string, string])[];
}

export interface BadRequest {
  readonly kind: string;
  /** Whether it must be refused (4xx), and so must change nothing; else it only must be answered as declared. */
  readonly refused: boolean;
  readonly request: RawRequest;
}

const encode = (text: string) => {
  // A lone half of a character has no UTF-8: its bytes are sent as they would be by a careless client.
  const bytes = Buffer.from(text, "utf8");
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
};

/** The request as it goes over the wire, with parts of it replaced. */
export function build(
  route: Route,
  good: GoodRequest,
  change: {
    readonly method?: string;
    readonly path?: string;
    readonly params?: Readonly<Record<string, string>>;
    readonly query?: string;
    readonly headers?: readonly (readonly [string, string])[];
    readonly token?: string | null;
    readonly keys?: readonly string[];
    readonly contentType?: readonly string[];
    readonly body?: Uint8Array | undefined;
  } = {},
): RawRequest {
  const params = { ...good.params, ...change.params };
  const path = change.path ?? route.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => params[name] ?? "missing");
  const query = change.query ?? new URLSearchParams(good.query).toString();
  const token = change.token === undefined ? good.token : change.token;
  const headers: (readonly [string, string])[] = [...good.headers, ...(change.headers ?? [])];
  if (token !== null) headers.push(["authorization", `Bearer ${token}`]);
  if (route.idempotent) for (const key of change.keys ?? [randomUUID()]) headers.push(["idempotency-key", key]);
  if (good.body !== undefined)
    for (const type of change.contentType ?? ["application/json"]) headers.push(["content-type", type]);
  const body =
    "body" in change ? change.body : good.body === undefined ? good.bytes : Buffer.from(JSON.stringify(good.body));
  return {
    method: change.method ?? route.method,
    target: query === "" ? path : `${path}?${query}`,
    headers,
    body,
  };
}

type Change = Parameters<typeof build>[2];
interface Kind {
  readonly kind: string;
  readonly refused: boolean;
  readonly changes: fc.Arbitrary<Change>;
  /** Changes that are all made, beside a sample of the others. */
  readonly always?: readonly Change[];
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "MKCOL", "QUERY", "SEARCH"];
const VISIBLE = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
  maxLength: 60,
});

/** Every kind of bad request that a route can get. `all`: to know which methods its path has. `cursor`: a true one. */
function kindsOf(route: Route, good: GoodRequest, all: readonly Route[], cursor: string | undefined): Kind[] {
  const kinds: Kind[] = [];
  const add = (kind: string, refused: boolean, changes: fc.Arbitrary<Change>) => kinds.push({ kind, refused, changes });

  const known = new Set<string>(all.filter((each) => each.path === route.path).map((each) => each.method));
  if (known.has("GET")) known.add("HEAD");
  add(
    "wrong method",
    true,
    fc.constantFrom(...METHODS.filter((each) => !known.has(each))).map((method) => ({ method })),
  );
  add(
    "wrong path",
    true,
    fc
      .constantFrom("/", "/%2e%2e", "/x", "%20", "//", "/%00")
      .map((end) => ({ path: `${route.path.replaceAll(/[{}]/g, "")}${end}` })),
  );
  add(
    "junk headers",
    false,
    junkHeaders().map((headers) => ({ headers })),
  );

  const junk = fc.oneof(
    VISIBLE,
    fc.constantFrom(
      "",
      "null",
      "a".repeat(4_000),
      `${good.token}x`,
      good.token.slice(1),
      `${good.token}, ${good.token}`,
      `corepool_live_${"0".repeat(26)}_${"0".repeat(64)}_00000000`,
    ),
  );
  add(
    "bad credential",
    true,
    junk.filter((token) => token !== good.token).map((token) => ({ token })),
  );
  add(
    "other scheme",
    true,
    fc
      .constantFrom("Basic dXNlcjpwYXNz", "Digest x", "bearer", "Bearer  ", `Token ${good.token}`)
      .map((value) => ({ token: null, headers: [["authorization", value]] })),
  );
  if (route.scopes !== "public") add("no credential", true, fc.constant({ token: null }));
  if (route.params !== undefined) {
    const schema = route.params;
    const name = Object.keys(good.params)[0] ?? "id";
    const junk = fc.oneof(
      fc.constantFrom(...TEXTS.filter((text) => text.length < 2_000)),
      fc.string(),
      fc.string({ unit: "binary" }),
    );
    add(
      "bad path parameter",
      true,
      junk
        .filter((text) => text !== "" && !schema.safeParse({ [name]: text }).success)
        .map((text) => ({ params: { [name]: encode(text) } })),
    );
    add(
      "broken percent encoding",
      true,
      fc.constantFrom("%", "%zz", "%e0%a4%a", "%c0%af", "%ff").map((text) => ({ params: { [name]: text } })),
    );
    const others = valuesOf(schema).map((params) => params as Record<string, string>);
    // Bytes may be given a new name: that is what the route is for.
    add(
      "nobody's thing",
      route.method !== "PUT",
      others.map((params) => ({ params })),
    );
  }
  if (route.query !== undefined) kinds.push(...queryKinds(route, good, cursor));
  if (route.idempotent) {
    add(
      "no idempotency key",
      true,
      fc.constantFrom([], [""]).map((keys) => ({ keys })),
    );
    add(
      "bad idempotency key",
      true,
      fc
        .constantFrom(
          "short",
          "x".repeat(256),
          "x".repeat(6_000),
          "with spaces in the key",
          `caf\u00e9${"x".repeat(20)}`,
        )
        .map((key) => ({ keys: [key] })),
    );
    add("two idempotency keys", true, fc.constant({ keys: [randomUUID(), randomUUID()] }));
  }
  if (route.body !== undefined && good.body !== undefined) {
    for (const { kind, refused, bodies, always = [] } of badBodies(route.body, good.body)) {
      const changes = bodies.map((body) => ({ body }));
      kinds.push({ kind, refused, changes, always: always.map((body) => ({ body })) });
    }
    const types = [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/jsonp",
      "application/json5",
      "text/json;charset=utf-7",
      "*/*",
      "",
      "application/xml",
    ];
    add(
      "wrong content type",
      true,
      fc.constantFrom(...types).map((type) => ({ contentType: [type] })),
    );
    add("no content type", true, fc.constant({ contentType: [] }));
    add(
      "compressed body",
      true,
      fc
        .constantFrom("gzip", "deflate", "br", "zstd", "identity", "x")
        .map((coding) => ({ headers: [["content-encoding", coding]] })),
    );
  } else if (good.bytes === undefined) {
    add(
      "unasked body",
      false,
      fc.constantFrom("{}", "x".repeat(70_000), "\u0000").map((text) => ({ body: Buffer.from(text) })),
    );
  } else {
    const lengths = fc.constantFrom(...NUMBERS.map(String), "", "x", "+1", "0x1", "1 ", "99999999999999999999", "-0");
    add(
      "bad upload headers",
      false,
      fc.tuple(fc.constantFrom("upload-length", "upload-offset"), lengths).map((header) => ({ headers: [header] })),
    );
    add(
      "bytes of another name",
      true,
      fc
        .uint8Array({ minLength: 1, maxLength: 64 })
        .map((bytes) => ({ body: Buffer.concat([bytes, Buffer.from("not these")]) })),
    );
  }
  return kinds;
}

function junkHeaders(): fc.Arbitrary<(readonly [string, string])[]> {
  const names = [
    "x-request-id",
    "traceparent",
    "range",
    "last-event-id",
    "if-match",
    "if-none-match",
    "accept",
    "origin",
    "cookie",
    "x-forwarded-for",
    "forwarded",
    "x-http-method-override",
    "expect-ct",
    "content-language",
    "upload-offset",
  ];
  const values = fc.oneof(
    VISIBLE,
    fc.constantFrom(
      "bytes=0-",
      "bytes=-1",
      "bytes=5-1",
      "bytes=0-0,2-3",
      `bytes=${"9".repeat(15)}-`,
      "bytes=-0",
      `bytes=0-${"9".repeat(40)}`,
      "items=0-1",
    ),
    fc.constantFrom(
      "*",
      '"x"',
      'W/"x", "y"',
      "00-0-0-00",
      `00-${"0".repeat(32)}-${"0".repeat(16)}-01`,
      "1-1",
      "0-0",
      `${"9".repeat(20)}-${"9".repeat(19)}`,
      "x".repeat(5_000),
      "\u00ff\u00fe",
    ),
  );
  return fc.array(fc.tuple(fc.constantFrom(...names), values), { minLength: 1, maxLength: 4 });
}

function queryKinds(route: Route, good: GoodRequest, cursor: string | undefined): Kind[] {
  const schema = route.query;
  if (schema === undefined) return [];
  const names = Object.keys((schema as unknown as { readonly shape: object }).shape);
  const values = fc.oneof(
    fc.constantFrom(...TEXTS.filter((text) => text.length < 2_000)),
    fc.constantFrom(...NUMBERS.map(String)),
    fc.string({ unit: "binary" }),
  );
  const pair = fc.tuple(fc.constantFrom(...names), values);
  const isWrong = ([name, value]: [string, string]) => !schema.safeParse({ ...good.query, [name]: value }).success;
  const text = ([name, value]: [string, string]) => `${encode(name)}=${encode(value)}`;
  const kinds: Kind[] = [
    { kind: "bad query value", refused: true, changes: pair.filter(isWrong).map((p) => ({ query: text(p) })) },
    { kind: "odd query value", refused: false, changes: pair.map((p) => ({ query: text(p) })) },
    {
      kind: "unknown query",
      refused: true,
      changes: fc
        .constantFrom("nobody=1", "__proto__=1", "constructor=1", "limit[]=1", "=1", "%00=1")
        .map((query) => ({ query })),
    },
    {
      kind: "query given twice",
      refused: true,
      changes: fc.constantFrom(...names).map((name) => ({ query: `${name}=1&${name}=1` })),
    },
  ];
  if (names.includes("cursor")) {
    const junk = fc.oneof(
      VISIBLE,
      fc.base64String({ maxLength: 90 }),
      fc.constantFrom("e30", "bnVsbA", "x".repeat(600), "..", "[]"),
    );
    kinds.push({
      kind: "bad cursor",
      refused: true,
      changes: junk.filter((each) => each !== "").map((each) => ({ query: `cursor=${encode(each)}` })),
    });
  }
  if (cursor !== undefined) kinds.push({ kind: "forged cursor", refused: false, changes: forgedCursors(cursor) });
  return kinds;
}

/** Cursors that this list made, with other positions written into them. */
function forgedCursors(cursor: string): fc.Arbitrary<Change> {
  const parts = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")) as Record<string, Json>;
  const names = Object.keys(parts);
  const values = fc.oneof(
    fc.constantFrom<Json>(...NUMBERS, 8.64e15, 8.64e15 + 1, -8.64e15 - 1),
    fc.constantFrom<Json>(...TEXTS.filter((text) => text.length < 300)),
    fc.constant<Json>(null),
  );
  return fc.tuple(fc.constantFrom(...names), values).map(([name, value]) => {
    const forged = Buffer.from(JSON.stringify({ ...parts, [name]: value })).toString("base64url");
    return { query: `cursor=${forged}` };
  });
}

/** At least `count` bad requests for a route, of every kind that it can get, the same ones for the same seed. */
export function badRequests(
  route: Route,
  good: GoodRequest,
  options: {
    readonly count: number;
    readonly seed: number;
    readonly all: readonly Route[];
    readonly cursor: string | undefined;
  },
): BadRequest[] {
  const kinds = kindsOf(route, good, options.all, options.cursor);
  const each = Math.ceil(options.count / kinds.length);
  return kinds.flatMap(({ kind, refused, changes, always = [] }, i) =>
    [...always, ...fc.sample(changes, { numRuns: each, seed: options.seed + i })].map((change) => ({
      kind,
      refused,
      request: build(route, good, change),
    })),
  );
}
