/** A place in a document, as RFC 6901 writes it: `/spec/resources/cpus`. The API's problems name fields by it. */
export type Pointer = string;

function parts(pointer: Pointer): readonly string[] {
  return pointer === ""
    ? []
    : pointer
        .slice(1)
        .split("/")
        .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** A path of keys as a pointer. */
export function pointerOf(path: readonly PropertyKey[]): Pointer {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** What stands at a pointer; undefined where nothing does. */
export function valueAt(document: unknown, pointer: Pointer): unknown {
  let at = document;
  for (const part of parts(pointer)) {
    if (at === null || typeof at !== "object") return undefined;
    at = Object.hasOwn(at, part) ? (at as Record<string, unknown>)[part] : undefined;
  }
  return at;
}

/** The document with another value at a pointer. Only what lies on the way is copied; undefined takes the field out. */
export function withValueAt<T>(document: T, pointer: Pointer, value: unknown): T {
  const set = (at: unknown, path: readonly string[]): unknown => {
    const [key, ...rest] = path;
    if (key === undefined) return value;
    if (Array.isArray(at)) {
      const copy = [...at];
      copy[Number(key)] = set(copy[Number(key)], rest);
      return rest.length === 0 && value === undefined ? copy.filter((_, index) => index !== Number(key)) : copy;
    }
    const copy: Record<string, unknown> = { ...(at !== null && typeof at === "object" ? at : {}) };
    const next = set(Object.hasOwn(copy, key) ? copy[key] : undefined, rest);
    if (next === undefined) delete copy[key];
    // Not `copy[key] =`: a key named __proto__ would change what the object is.
    else Object.defineProperty(copy, key, { value: next, enumerable: true, writable: true, configurable: true });
    return copy;
  };
  return set(document, parts(pointer)) as T;
}

/** Whether a problem at `problem` belongs to the field at `field`: the same place, or one inside of it. */
export function covers(field: Pointer, problem: Pointer): boolean {
  return problem === field || problem.startsWith(`${field}/`);
}
