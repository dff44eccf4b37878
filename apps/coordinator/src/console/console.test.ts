import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gzipSync } from "node:zlib";
import { getRequestListener } from "@hono/node-server";
import fc from "fast-check";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentSecurityPolicy } from "./policy.ts";
import { accepted, bindConsole, isScreen, NOT_BUILT } from "./serve.ts";

const PAGE = "<!doctype html><title>Corepool</title>";
const SCRIPT = "console.log(1)\n".repeat(100);

let root: string;
let server: Server;
let url: string;

/** A build as the bundler leaves it, and a secret beside it that no path may reach. */
async function build(folder: string): Promise<void> {
  await mkdir(join(folder, "assets"), { recursive: true });
  await writeFile(join(folder, "assets/index-D3adBeEf.js"), SCRIPT);
  await writeFile(join(folder, "assets/index-D3adBeEf.js.br"), brotliCompressSync(SCRIPT));
  await writeFile(join(folder, "assets/index-D3adBeEf.js.gz"), gzipSync(SCRIPT));
  await writeFile(join(folder, "favicon.svg"), "<svg/>");
  await symlink("/etc/hostname", join(folder, "assets/link-D3adBeEf.txt"));
  await writeFile(join(folder, "index.html"), PAGE);
}

async function serve(folder: string): Promise<Hono> {
  const app = new Hono();
  app.get("/v1/market", (c) => c.text("the API"));
  app.notFound((c) => c.text("no such path", 404));
  await bindConsole(app, { folder, rpcUrl: "http://127.0.0.1:8545/path?key=1", https: false });
  return app;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "corepool-console-"));
  await build(join(root, "dist"));
  await writeFile(join(root, "secret.txt"), "secret");
  const app = await serve(join(root, "dist"));
  const listener = getRequestListener(app.fetch);
  server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await rm(root, { recursive: true });
});

/** Sends a path as it is: no client of ours tidies it up. */
function raw(path: string): Promise<{ readonly status: number; readonly body: string }> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: "127.0.0.1", port, path }, (response) => {
      let body = "";
      response.on("data", (part: Buffer) => {
        body += part.toString("latin1");
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("the console's page", () => {
  it("answers each of its screens, is asked for anew each time, and may do no more than it must", async () => {
    for (const path of ["/", "/index.html", "/market", "/w/wkl_0123456789", "/provider/m/0x12", "/settings?tab=keys"]) {
      const response = await fetch(url + path);
      expect(await response.text(), path).toBe(PAGE);
      expect(response.headers.get("cache-control")).toBe("no-cache");
      expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(response.headers.get("content-security-policy")).toBe(
        contentSecurityPolicy("http://127.0.0.1:8545/other"),
      );
      expect(response.headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(response.headers.get("cross-origin-resource-policy")).toBe("same-origin");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  it("sends a browser that opened a loopback address to the name, and nobody else", async () => {
    const app = await serve(join(root, "dist"));
    const open = async (address: string, mode: string) => {
      const response = await app.request(address, { headers: { "sec-fetch-mode": mode } });
      return [response.status, response.headers.get("location")];
    };
    expect(await open("http://127.0.0.1:8080/w?show=active", "navigate")).toEqual([
      307,
      "http://localhost:8080/w?show=active",
    ]);
    expect(await open("http://[::1]:8080/market", "navigate")).toEqual([307, "http://localhost:8080/market"]);
    expect(await open("http://127.0.0.1:8080/market", "cors")).toEqual([200, null]);
    expect(await open("http://localhost:8080/market", "navigate")).toEqual([200, null]);
    expect(await open("http://192.168.0.7:8080/market", "navigate")).toEqual([200, null]);
  });

  it("has a policy without a word that would let anything in, and no more of the RPC's address than its origin", () => {
    const policy = contentSecurityPolicy("https://rpc.example/secret-key");
    expect(policy).not.toMatch(/unsafe|\*|secret-key/);
    expect(policy).toContain("connect-src 'self' https://rpc.example;");
    for (const name of ["default-src", "frame-ancestors", "base-uri", "form-action"])
      expect(policy).toContain(`${name} 'none'`);
    expect(contentSecurityPolicy(undefined)).toContain("connect-src 'self';");
  });

  it("does not answer for the API or for what nobody knows", async () => {
    expect(await (await fetch(`${url}/v1/market`)).text()).toBe("the API");
    for (const path of ["/v1/nothing", "/nowhere", "/marketplace", "/assets/gone-D3adBeEf.js", "/wp-admin", "/metrics"])
      expect((await fetch(url + path)).status, path).toBe(404);
    expect((await fetch(`${url}/market`, { method: "POST" })).status).toBe(404);
    fc.assert(
      fc.property(fc.webPath(), (path) => !isScreen(`/v1${path}`)),
      { numRuns: 200 },
    );
  });

  it("tells a person who mistypes an address so, in the page, and a program in the API's own way", async () => {
    const app = await serve(join(root, "dist"));
    const visit = (path: string, mode = "navigate") =>
      app.request(`http://localhost:8080${path}`, { headers: { "sec-fetch-mode": mode } });
    const page = await visit("/nowhere");
    expect([page.status, page.headers.get("content-type")]).toEqual([404, "text/html; charset=utf-8"]);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    for (const [path, mode] of [
      ["/nowhere", "cors"],
      ["/v1/nothing", "navigate"],
    ] as const)
      expect((await visit(path, mode)).headers.get("content-type"), path).not.toContain("text/html");
  });

  it("is not sent again to who has it, and HEAD answers without a body", async () => {
    const first = await fetch(`${url}/market`);
    const etag = first.headers.get("etag") ?? "";
    const again = await fetch(`${url}/market`, { headers: { "if-none-match": `"other", W/${etag}` } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    expect((await fetch(`${url}/market`, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
    const head = await fetch(`${url}/market`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([
      200,
      String(PAGE.length),
      "",
    ]);
  });
});

describe("the page of a screen", () => {
  it("is that of its path and of the reader's language, and of all screens where it has none of its own", async () => {
    const folder = join(root, "screens");
    await build(folder);
    await mkdir(join(folder, "pages"));
    for (const name of ["market.en", "market.ko", "w.$.en", "w.new.en"])
      await writeFile(join(folder, "pages", `${name}.html`), name);
    const app = await serve(folder);
    const page = async (path: string, languages?: string) => {
      const headers: Record<string, string> = languages === undefined ? {} : { "accept-language": languages };
      const response = await app.request(path, { headers });
      expect(response.headers.get("vary")).toBe("accept-encoding, accept-language");
      return response.text();
    };
    expect(await page("/market")).toBe("market.en");
    expect(await page("/market/", "fr-FR,ko-KR;q=0.9,en;q=0.8")).toBe("market.ko");
    expect(await page("/market", "en-GB,ko")).toBe("market.en");
    expect(await page("/w/wkl_1?tab=logs", "ko")).toBe("w.$.en");
    expect(await page("/w/new")).toBe("w.new.en");
    for (const path of ["/", "/w", "/w/a/b", "/w/..%2fmarket", "/w/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t"])
      expect(await page(path), path).toBe(path === "/w/..%2fmarket" ? "w.$.en" : PAGE);
  });
});

describe("the console's files", () => {
  it("are kept for good where their name holds their hash, and asked for anew where it does not", async () => {
    const script = await fetch(`${url}/assets/index-D3adBeEf.js`);
    expect(script.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    const icon = await fetch(`${url}/favicon.svg`);
    expect([icon.headers.get("cache-control"), icon.headers.get("content-type")]).toEqual([
      "no-cache",
      "image/svg+xml",
    ]);
  });

  it("come compressed to who takes that, as they are to who does not", async () => {
    const bytesFor = async (encodings: string) => {
      const app = await serve(join(root, "dist"));
      const headers = { "accept-encoding": encodings };
      const response = await app.request("/assets/index-D3adBeEf.js", { headers });
      return { encoding: response.headers.get("content-encoding"), bytes: Buffer.from(await response.arrayBuffer()) };
    };
    const brotli = await bytesFor("gzip, deflate, br;q=1.0");
    expect([brotli.encoding, brotliDecompressSync(brotli.bytes).toString()]).toEqual(["br", SCRIPT]);
    expect((await bytesFor("gzip, br;q=0")).encoding).toBe("gzip");
    for (const none of ["identity", "br;q=0, gzip;q=0.000", "", "brotli"])
      expect(await bytesFor(none), none).toEqual({ encoding: null, bytes: Buffer.from(SCRIPT) });
    expect([...accepted("BR , x;q=0")]).toEqual(["br"]);
    // What is compressed is no file of its own.
    expect((await fetch(`${url}/assets/index-D3adBeEf.js.br`)).status).toBe(404);
  });

  it("are all that any path can reach", async () => {
    const secrets = ["/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"];
    const others = ["//secret.txt", "/assets/..%5c..%5csecret.txt", "/market/../../secret.txt", "/%00", "/assets/%2e"];
    for (const path of [...secrets, ...others, "/assets/link-D3adBeEf.txt", "/assets", "/etc/hostname"]) {
      const { status, body } = await raw(path);
      expect([404, 200, 400].includes(status), `${path} ${status}`).toBe(true);
      if (status === 200) expect(body, path).toBe(PAGE);
    }
    // The same way of asking does reach what is there.
    expect(await raw("/assets/../favicon.svg")).toEqual({ status: 200, body: "<svg/>" });
  });
});

describe("a console that was not built", () => {
  it("says what to run, and is there as soon as it is", async () => {
    const folder = join(root, "later");
    const app = await serve(folder);
    const before = await app.request("/");
    expect([before.status, await before.text()]).toEqual([503, `${NOT_BUILT}\n`]);
    expect((await app.request("/assets/index-D3adBeEf.js")).status).toBe(404);
    await build(folder);
    expect(await (await app.request("/assets/index-D3adBeEf.js")).text()).toBe(SCRIPT);
    expect(await (await app.request("/")).text()).toBe(PAGE);
    await writeFile(join(folder, "index.html"), `${PAGE}<p>new`);
    expect(await (await app.request("/billing")).text()).toBe(`${PAGE}<p>new`);
  });
});
