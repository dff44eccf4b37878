import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/** Encodings that a build may hold beside a file, by the ending of their names; the first that a client takes is sent. */
const ENCODINGS = [
  { name: "br", ending: ".br" },
  { name: "gzip", ending: ".gz" },
] as const;
export type Encoding = (typeof ENCODINGS)[number]["name"];

/** A file of the console: its bytes, and the same compressed. */
export interface ConsoleFile {
  readonly type: string;
  /** Named by its contents: what has this name never changes. */
  readonly immutable: boolean;
  readonly plain: Variant;
  readonly encoded: ReadonlyMap<Encoding, Variant>;
}

export interface Variant {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** A build in memory, by URL path. */
export type ConsoleBuild = ReadonlyMap<string, ConsoleFile>;

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  webmanifest: "application/manifest+json",
  svg: "image/svg+xml",
  png: "image/png",
  ico: "image/x-icon",
  woff2: "font/woff2",
  txt: "text/plain; charset=utf-8",
};

/** The bundler puts what it names by contents in `assets`, and ends the name by eight letters of their hash. */
const HASH_AND_ENDING = /^[-.][A-Za-z0-9_-]{8}\.[a-z0-9]+$/;

function isNamedByContents(path: string): boolean {
  const end = path.slice(path.lastIndexOf(".") - 9);
  return path.startsWith("/assets/") && HASH_AND_ENDING.test(end);
}

/** Reads every file below a folder, so that no request ever names a path of the host. Rejects when there is none. */
async function readBuild(folder: string): Promise<ConsoleBuild> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, path).split(sep).join("/")}`, new Uint8Array(await readFile(path)));
  }
  const build = new Map<string, ConsoleFile>();
  for (const [path, bytes] of files) {
    const encoding = ENCODINGS.find(({ ending }) => path.endsWith(ending));
    if (encoding !== undefined && files.has(path.slice(0, -encoding.ending.length))) continue;
    build.set(path, {
      type: TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream",
      immutable: isNamedByContents(path),
      plain: variant(bytes),
      encoded: new Map(
        ENCODINGS.flatMap(({ name, ending }) => {
          const compressed = files.get(path + ending);
          return compressed === undefined ? [] : [[name, variant(compressed)] as const];
        }),
      ),
    });
  }
  return build;
}

/**
 * The page of a screen in a language, which names what that screen needs; the build writes `pages/PATH.LOCALE.html`, in
 * which dots stand for slashes and `$` for any part. Where there is none, the page of all screens.
 * @param languages those that the reader takes, the best first (BCP 47)
 */
export function pageOf(build: ConsoleBuild, path: string, languages: readonly string[]): ConsoleFile | undefined {
  const parts = path.split("/").filter((part) => part !== "");
  const locales = [...new Set([...languages.map((each) => each.slice(0, 2).toLowerCase()), "en"])];
  const all = build.get("/index.html");
  if (parts.length > DEEPEST) return all;
  // What is written out comes before a parameter.
  const names = parts.reduce<readonly string[]>(
    (begun, part) => begun.flatMap((each) => [`${each}${part}.`, `${each}$.`]),
    ["/pages/"],
  );
  for (const name of names)
    for (const locale of locales) {
      const page = build.get(`${name}${locale}.html`);
      if (page !== undefined) return page;
    }
  return all;
}

/** Parts of the longest path that any screen has. */
const DEEPEST = 4;

const variant = (bytes: Uint8Array<ArrayBuffer>): Variant => ({
  bytes,
  etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
});

/** The console's build in a folder, read again when its page was written anew. */
export class ConsoleFolder {
  readonly #folder: string;
  #read: { readonly written: string; readonly build: ConsoleBuild } | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is there now; undefined when nothing was built. */
  async now(): Promise<ConsoleBuild | undefined> {
    try {
      const { mtimeMs, size, ino } = await stat(join(this.#folder, "index.html"));
      const written = `${mtimeMs} ${size} ${ino}`;
      if (this.#read?.written !== written) this.#read = { written, build: await readBuild(this.#folder) };
    } catch {
      // Nothing there, or just being written: what was read before still serves.
    }
    return this.#read?.build;
  }

  /** A file of the build that was read last. */
  file(path: string): ConsoleFile | undefined {
    return this.#read?.build.get(path);
  }
}
