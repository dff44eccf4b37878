import { CONSOLE_PATHS } from "@corepool/protocol/console-paths";
import type { Hono } from "hono";
import { type ConsoleFile, ConsoleFolder, type Encoding, pageOf } from "./build.ts";
import { contentSecurityPolicy, PAGE_HEADERS } from "./policy.ts";

/** Says what to do where no console was built. */
export const NOT_BUILT = "The console is not built yet. Run: npm run build -w apps/console";

const SCREENS: ReadonlySet<string> = new Set(CONSOLE_PATHS);

/** Whether a path is one of the console's screens: they all are one page, which reads the path itself. */
export function isScreen(path: string): boolean {
  return path === "/" || path === "/index.html" || SCREENS.has(path.split("/")[1] ?? "");
}

/** Encodings that a client takes (RFC 9110, 12.5.3), of those that a build may have. */
export function accepted(header: string | null): ReadonlySet<Encoding> {
  const taken = new Set<Encoding>();
  for (const part of (header ?? "").split(",")) {
    const [name, ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter));
    if (!refused && (name === "br" || name === "gzip")) taken.add(name);
  }
  return taken;
}

/** Languages that a client takes, the best first (RFC 9110, 12.5.4): browsers send them in that order. */
const languages = (request: Request): readonly string[] =>
  (request.headers.get("accept-language") ?? "").split(",", MOST_LANGUAGES).map((part) => part.trim());

const MOST_LANGUAGES = 10;

/** Whether a person goes there, and no program: browsers alone send `Sec-Fetch-Mode` (Fetch metadata, W3C). */
const isVisit = (request: Request): boolean => request.headers.get("sec-fetch-mode") === "navigate";

/**
 * The same page by a name, for a browser that opens it by a loopback address: passkeys are made for names only, and a
 * local chain answers pages of one origin.
 */
function byName(request: Request): string | undefined {
  const url = new URL(request.url);
  if (!isVisit(request) || !LOOPBACK.has(url.hostname)) return undefined;
  url.hostname = "localhost";
  return url.href;
}

const LOOPBACK = new Set(["127.0.0.1", "[::1]"]);

/**
 * Serves the console's build of `folder` beside the API: its files by their names, its page for each of its screens.
 * Must be bound after every route. `rpcUrl`: of the chain, as browsers reach it. Resolves with whether a build is there.
 */
export async function bindConsole<E extends object>(
  app: Hono<E>,
  parts: { readonly folder: string; readonly rpcUrl: string | undefined; readonly https: boolean },
): Promise<boolean> {
  const folder = new ConsoleFolder(parts.folder);
  const common: Record<string, string> = {
    ...PAGE_HEADERS,
    "content-security-policy": contentSecurityPolicy(parts.rpcUrl),
    ...(parts.https ? { "strict-transport-security": "max-age=31536000; includeSubDomains" } : {}),
  };
  app.get("*", async (c, next) => {
    const path = new URL(c.req.url).pathname;
    const screen = isScreen(path);
    const named = screen ? byName(c.req.raw) : undefined;
    if (named !== undefined) return c.redirect(named, 307);
    // A file is only asked for by a page: before the first one nothing was read.
    const build = screen || folder.file(path) === undefined ? await folder.now() : undefined;
    const file = screen ? build && pageOf(build, path, languages(c.req.raw)) : folder.file(path);
    if (file !== undefined) return answer(c.req.raw, file, common);
    if (!screen) {
      // Who mistypes an address is told so by the page; programs get the API's own answer.
      const page =
        isVisit(c.req.raw) && !path.startsWith("/v1/") ? (await folder.now())?.get("/index.html") : undefined;
      return page === undefined ? next() : answer(c.req.raw, page, common, 404);
    }
    const headers = { ...common, "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
    return new Response(`${NOT_BUILT}\n`, { status: 503, headers });
  });
  return (await folder.now()) !== undefined;
}

function answer(
  request: Request,
  file: ConsoleFile,
  common: Readonly<Record<string, string>>,
  status: 200 | 404 = 200,
): Response {
  const taken = accepted(request.headers.get("accept-encoding"));
  const encoded = [...file.encoded].find(([name]) => taken.has(name));
  const { bytes, etag } = encoded?.[1] ?? file.plain;
  const headers: Record<string, string> = {
    ...common,
    "content-type": file.type,
    "cache-control": file.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    vary: file.type.startsWith("text/html") ? "accept-encoding, accept-language" : "accept-encoding",
    etag,
    ...(encoded === undefined ? {} : { "content-encoding": encoded[0] }),
  };
  const known = request.headers
    .get("if-none-match")
    ?.split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""));
  if (known?.some((tag) => tag === etag || tag === "*") === true) return new Response(null, { status: 304, headers });
  headers["content-length"] = String(bytes.length);
  return new Response(request.method === "HEAD" ? null : bytes, { status, headers });
}
