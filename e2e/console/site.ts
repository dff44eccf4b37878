import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContext } from "playwright-core";

const GALLERY = fileURLToPath(new URL("../../apps/console/dist-gallery", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

/** Paths of the gallery's pages. */
export const GALLERY_PATHS = ["/_gallery/table", "/_gallery/form", "/_gallery/charts", "/_gallery/values"] as const;

/**
 * Puts the build with the gallery in the place of the console that the coordinator at `origin` serves, under the very
 * headers that the coordinator gives its own page.
 */
export async function serveGallery(context: BrowserContext, origin: string): Promise<void> {
  const { headers } = await fetch(`${origin}/market`);
  const kept = Object.fromEntries(
    [...headers].filter(
      ([name]) => !["content-type", "content-length", "etag", "date", "content-encoding"].includes(name),
    ),
  );
  await context.route(`${origin}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    const page = pathname.startsWith("/_gallery/") || pathname === "/market";
    const path = join(GALLERY, page ? "index.html" : pathname);
    if (pathname.startsWith("/v1/") || !path.startsWith(GALLERY) || !existsSync(path)) return route.fallback();
    const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    await route.fulfill({ body: readFileSync(path), headers: { ...kept, "content-type": type } });
  });
}
