import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@corepool/chain/testing/temp-chain";
import { type TempMarket, tempMarket } from "@corepool/chain/testing/temp-market";
import { codeOf } from "@corepool/core/errors";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CoordinatorParts, type RunningCoordinator, startCoordinator } from "./coordinator.ts";
import { buildMarket } from "./market.ts";
import { ALL_ROUTES } from "./openapi/all-routes.ts";
import { systemClock } from "./platform/adapters/system-clock.ts";
import { systemRandom } from "./platform/adapters/system-random.ts";
import { loadConfig } from "./platform/config.ts";
import { createLog } from "./platform/process/log.ts";
import { openTestDatabase } from "./testing/database.ts";

let temp: TempMarket;
let opened: Awaited<ReturnType<typeof openTestDatabase>>;
let dir: string;
let running: RunningCoordinator;
let url: string;
const logged: string[] = [];

/** The settings of a test's coordinator, as its environment. */
const environment = (changes: Record<string, string> = {}): Record<string, string> => ({
  COREPOOL_DATABASE_URL: opened.url,
  COREPOOL_RPC_URL: temp.chain.rpcUrl,
  COREPOOL_DEPLOYMENT: join(temp.dir, "deployment.json"),
  COREPOOL_RELAYER_KEY_FILE: join(dir, "relayer"),
  COREPOOL_BLOBS: join(dir, "blobs"),
  COREPOOL_LISTEN: "127.0.0.1:0",
  COREPOOL_METRICS_LISTEN: "127.0.0.1:0",
  COREPOOL_PUBLIC_URL: "http://pool.example",
  COREPOOL_FINALITY: "3:5",
  COREPOOL_SHUTDOWN_SECONDS: "5",
  ...changes,
});

const parts = (changes: Record<string, string> = {}): CoordinatorParts => ({
  config: loadConfig(environment(changes)).config,
  deployment: temp.deployment,
  clock: systemClock,
  random: systemRandom,
  log: createLog("info", { write: (line: string) => logged.push(line) }),
  buildMarket,
  checkResponses: true,
});

beforeAll(async () => {
  [temp, opened, dir] = await Promise.all([
    tempMarket(),
    openTestDatabase(),
    mkdtemp(join(tmpdir(), "corepool-coordinator-")),
  ]);
  await writeFile(join(dir, "relayer"), `${temp.relayer.key}\n`, { mode: 0o600 });
  running = await startCoordinator(parts());
  url = `http://127.0.0.1:${running.port}`;
});
afterAll(async () => {
  await running.stop("test");
  await opened.close();
  await temp.end();
  await rm(dir, { recursive: true, force: true });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error("waited in vain");
    await systemClock.sleep(20);
  }
}

describe("the running coordinator", () => {
  it("serves every route that the protocol declares, and none besides", () => {
    const names = (routes: readonly { operationId: string }[]) => routes.map((route) => route.operationId).sort();
    expect(names(running.api.routes)).toEqual(names(ALL_ROUTES));
  });

  it("lives, becomes ready, describes itself, and tells its figures on another port only", async () => {
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    await until(async () => (await fetch(`${url}/readyz`)).status === 200);
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      openapi: string;
      servers: { url: string }[];
    };
    expect([document.openapi, document.servers[0]?.url]).toEqual(["3.1.1", "http://pool.example"]);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    await fetch(`${url}/v1/market`);
    const metrics = await (await fetch(`http://127.0.0.1:${running.metricsPort}/metrics`)).text();
    expect(metrics).toMatch(/corepool_http_request_seconds_count\{operation="getMarket",status="2xx"\} [1-9]/);
    expect(metrics).toContain("corepool_database_connections");
  });

  it("says why it is not ready when the database is away, and comes back by itself", async () => {
    const name = new URL(opened.url).pathname.slice(1);
    const cut = () =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name} and pid <> pg_backend_pid()`.execute(
        opened.database.reader,
      );
    await cut().catch(() => undefined);
    await until(async () => (await fetch(`${url}/readyz`)).status === 200);
    expect((await fetch(`${url}/v1/market`)).status).toBe(200);
  });

  it("gives every answer, also those about its health, the headers that keep browsers from misusing it", async () => {
    const server = await startCoordinator(parts({ COREPOOL_MODE: "api", COREPOOL_PUBLIC_URL: "https://pool.example" }));
    for (const path of ["/livez", "/readyz", "/openapi.json", "/v1/market", "/v1/account", "/nowhere"]) {
      const { headers } = await fetch(`http://127.0.0.1:${server.port}${path}`);
      expect(headers.get("strict-transport-security"), path).toBe("max-age=31536000; includeSubDomains");
      expect(headers.get("x-content-type-options"), path).toBe("nosniff");
      expect(headers.get("referrer-policy"), path).toBe("no-referrer");
      for (const directive of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"])
        expect(headers.get("content-security-policy"), path).toContain(directive);
      expect(headers.get("content-type"), path).toMatch(/^application\/(problem\+)?json$/);
    }
    await server.stop("test");
  });

  it("refuses messages whose end is not clear, and TRACE", async () => {
    const status = async (text: string): Promise<string> => {
      const socket = connect(running.port ?? 0, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(text);
      const [data] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      return data.toString().split("\r\n")[0] ?? "";
    };
    const post = "POST /v1/auth/nonce HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    expect(await status(`${post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`)).toContain("400");
    expect(await status(`${post}content-length: 5\r\ncontent-length: 6\r\n\r\n{}`)).toContain("400");
    expect(await status(`${post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`)).toContain("400");
    for (const path of ["/livez", "/v1/market"])
      expect(await status(`TRACE ${path} HTTP/1.1\r\nhost: x\r\n\r\n`), path).toMatch(/ (400|404|405|501) /);
  });

  it("refuses upgrades that nobody serves, headers without end, and bodies that do not come", async () => {
    const answer = async (text: string): Promise<string> => {
      const socket = connect(running.port ?? 0, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(text);
      const [data] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      return data.toString();
    };
    expect(
      await answer("GET /elsewhere HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
    ).toContain("404");
    expect(await answer(`GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(20_000)}\r\n\r\n`)).toContain("431");
    expect(
      await answer(
        "POST /v1/auth/nonce HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9999999\r\n\r\n",
      ),
    ).toContain("413");
  });

  it("says which port is taken, and leaves nothing running behind a failed start", async () => {
    const before = await coordinators();
    const failed: unknown = await startCoordinator(
      parts({ COREPOOL_LISTEN: `127.0.0.1:${running.port}`, COREPOOL_MODE: "api" }),
    ).catch((e: unknown) => e);
    expect(codeOf(failed)).toBe("port-in-use");
    await until(async () => (await coordinators()) <= before);
    expect(logged.at(-1)).toContain('"clean":true');
  });

  it("splits into an api without background work and a worker without a port", async () => {
    const api = await startCoordinator(parts({ COREPOOL_MODE: "api" }));
    const worker = await startCoordinator(parts({ COREPOOL_MODE: "worker" }));
    expect((await fetch(`http://127.0.0.1:${api.port}/v1/market`)).status).toBe(200);
    expect(worker.port).toBeUndefined();
    expect((await fetch(`http://127.0.0.1:${worker.metricsPort}/metrics`)).status).toBe(200);
    expect(await Promise.all([api.stop("test"), worker.stop("test")])).toEqual([true, true]);
    await expect(fetch(`http://127.0.0.1:${api.port}/livez`)).rejects.toThrow();
  });
});

/** How many coordinators listen for notifications of this test's database: one connection each. */
async function coordinators(): Promise<number> {
  const { rows } = await sql<{
    n: bigint;
  }>`select count(*) as n from pg_stat_activity where datname = current_database() and application_name = 'corepool-notifier'`.execute(
    opened.database.reader,
  );
  return Number(rows[0]?.n ?? 0n);
}

describe("the coordinator as a process", () => {
  /** Starts it and waits until it serves. */
  const start = async (changes: Record<string, string> = {}) => {
    const port = await freePort();
    const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], {
      env: {
        PATH: process.env["PATH"],
        ...environment({ COREPOOL_LISTEN: `127.0.0.1:${port}`, COREPOOL_MODE: "api", ...changes }),
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    child.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
    });
    await until(() =>
      fetch(`http://127.0.0.1:${port}/livez`).then(
        (response) => response.ok,
        () => false,
      ),
    );
    return { port, child, log: () => log, ended: once(child, "close") as Promise<[number | null, string | null]> };
  };
  /** A request whose body never comes to its end. */
  const stuckRequest = async (port: number) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(
      "POST /v1/auth/nonce?secret=hunter2 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
    );
    await systemClock.sleep(200);
    return socket;
  };

  it("starts from its environment and ends in order at SIGTERM", async () => {
    const { child, log, ended } = await start();
    child.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
    expect(log()).toContain('"stopped"');
    expect(log()).not.toContain(temp.relayer.key.slice(2));
    expect(log()).not.toContain(new URL(opened.url).password);
    for (const line of log().trim().split("\n")) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it("refuses new requests, tells agents that it goes away, and names what was stuck past its deadline", async () => {
    const { port, child, log, ended } = await start({ COREPOOL_SHUTDOWN_SECONDS: "2" });
    const agent = new WebSocket(`ws://127.0.0.1:${port}/v1/agent`);
    await once(agent, "open");
    const closed = once(agent, "close") as Promise<[CloseEvent]>;
    const stuck = await stuckRequest(port);
    const before = performance.now();
    child.kill("SIGTERM");
    await until(() =>
      fetch(`http://127.0.0.1:${port}/livez`).then(
        () => false,
        () => true,
      ),
    );
    expect((await closed)[0].code).toBe(1001);
    expect((await ended)[0]).toBe(70);
    expect(performance.now() - before).toBeLessThan(5_000);
    stuck.destroy();
    const lines = log()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { msg: string; open?: string[]; clean?: boolean });
    expect(lines.at(-1)).toMatchObject({ msg: "stopped", clean: false });
    // Only the request itself: everything behind it, the database last, was closed in order.
    expect(lines.at(-1)?.open).toEqual(["http", "http: POST /v1/auth/nonce"]);
    expect(log()).not.toContain("hunter2");
  });

  it("leaves at once at a second signal", async () => {
    const { port, child, log, ended } = await start({ COREPOOL_SHUTDOWN_SECONDS: "60" });
    const stuck = await stuckRequest(port);
    child.kill("SIGTERM");
    await until(async () => log().includes('"stopping"'));
    const before = performance.now();
    child.kill("SIGINT");
    expect((await ended)[0]).toBe(130);
    expect(performance.now() - before).toBeLessThan(2_000);
    stuck.destroy();
  });

  it("names what is missing and exits with its kind", async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], {
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [chunk] = (await once(child.stderr, "data")) as [Buffer];
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(7);
    expect(chunk.toString()).toContain("COREPOOL_DATABASE_URL is missing");
  });
});
