/** What a path says to a pattern such as `/w/$id`: its parameters, or undefined when it does not fit. */
export function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split("/");
  const given = path.length > 1 && path.endsWith("/") ? path.slice(0, -1).split("/") : path.split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    if (!part.startsWith("$")) {
      if (part !== value) return undefined;
      continue;
    }
    try {
      params[part.slice(1)] = decodeURIComponent(value);
    } catch {
      // A broken escape names nothing.
      return undefined;
    }
    if (value === "") return undefined;
  }
  return params;
}

/** The fields of a query string; of a repeated one, the last. Schemas make numbers of them where numbers are wanted. */
export function readSearch(query: string): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(query));
}

/** Fields as a query string, sorted, so that one view has one address; undefined and empty ones are left out. */
export function writeSearch(search: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(search)
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => [name, String(value)] as [string, string])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const text = new URLSearchParams(pairs).toString();
  return text === "" ? "" : `?${text}`;
}

/** What a link to `target` is on the page `path`: its own page (`page`), a part of what it leads to (`true`), or neither. */
export function currentOf(target: string, path: string): "page" | "true" | undefined {
  if (path === target) return "page";
  return path.startsWith(`${target}/`) ? "true" : undefined;
}
