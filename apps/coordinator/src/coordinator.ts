import { createServer } from "node:http";
import { httpEndpoint } from "@corepool/chain/adapters/http-endpoint";
import type { Deployment } from "@corepool/chain/deploy/record";
import { Endpoints } from "@corepool/chain/endpoints";
import { createReader } from "@corepool/chain/reader";
import { newId } from "@corepool/core/ids";
import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";
import { openBlobs } from "@corepool/storage/adapters/open";
import type { Logger } from "pino";
import { createAccounts } from "./accounts/accounts.ts";
import { ApiKeys } from "./accounts/api-keys.ts";
import { bindAccounts } from "./accounts/routes.ts";
import { Sessions } from "./accounts/sessions.ts";
import { SignIn } from "./accounts/sign-in.ts";
import { BlobAccess } from "./blobs/access.ts";
import { Reservations } from "./blobs/reservations.ts";
import { bindBlobs } from "./blobs/routes.ts";
import { UploadDesk } from "./blobs/upload.ts";
import { bindConsole, NOT_BUILT } from "./console/serve.ts";
import { ALL_ROUTES } from "./openapi/all-routes.ts";
import { openApiDocument } from "./openapi/document.ts";
import type { Config } from "./platform/config.ts";
import { allMigrations } from "./platform/database/all-migrations.ts";
import { openDatabase } from "./platform/database/database.ts";
import { migrate } from "./platform/database/migrate.ts";
import { untilDatabase } from "./platform/database/outage.ts";
import { adoptRestoredEvents, openEventLog } from "./platform/events/event-log.ts";
import { openNotifier } from "./platform/events/notifier.adapter.ts";
import { HttpApi } from "./platform/http/api.ts";
import { bindHealth } from "./platform/http/health.ts";
import { Idempotency } from "./platform/http/idempotency.ts";
import { tokenBuckets } from "./platform/http/rate-limit.ts";
import { createApiServer } from "./platform/http/server.ts";
import { openJobs } from "./platform/jobs/jobs.adapter.ts";
import type { Market, Platform } from "./platform/parts.ts";
import { housekeeping } from "./platform/process/housekeeping.ts";
import { beginClose, closeServer, listen } from "./platform/process/listen.ts";
import { createMetrics } from "./platform/process/metrics.ts";
import { Shutdown } from "./platform/process/shutdown.ts";
import { Samples } from "./workloads/samples.ts";

export interface CoordinatorParts {
  readonly config: Config;
  readonly deployment: Deployment;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Builds machines, offers, workloads, leases and payments on the process frame. */
  readonly buildMarket: (platform: Platform) => Promise<Market>;
  /** Checks answers against their schemas: for tests. */
  readonly checkResponses?: boolean;
}

export interface RunningCoordinator {
  /** Ports that were opened; undefined for what this mode does not serve. */
  readonly port: number | undefined;
  readonly metricsPort: number;
  readonly api: HttpApi;
  /** Ends in order. Resolves with whether everything ended well and in time. */
  stop(reason: string): Promise<boolean>;
}

/** How long a database that is still recovering is waited for at the start. */
const DATABASE_PATIENCE_MS = 45_000;

/** Builds the whole coordinator from the top down and starts it. What was started is stopped again when a later part fails. */
export async function startCoordinator(parts: CoordinatorParts): Promise<RunningCoordinator> {
  const shutdown = new Shutdown(parts.clock, parts.log, parts.config.shutdownSeconds * 1000);
  try {
    return await build(parts, shutdown);
  } catch (error) {
    await shutdown.run("start failed");
    throw error;
  }
}

async function build(parts: CoordinatorParts, shutdown: Shutdown): Promise<RunningCoordinator> {
  const { config, clock, random, log, deployment } = parts;
  const trouble = (what: string) => (error: unknown) => log.warn({ err: error }, what);

  const database = openDatabase({
    url: config.databaseUrl,
    maxConnections: config.databaseConnections,
    clock,
    random,
    onIdleError: trouble("an idle database connection broke"),
  });
  shutdown.add(
    "database",
    () => database.close(),
    () => [`${database.pool.totalCount} connections`],
  );
  await untilDatabase(database.pool, clock, DATABASE_PATIENCE_MS);
  const applied = await migrate(database.pool, await allMigrations());
  await adoptRestoredEvents(database.reader);
  if (applied.length > 0) log.info({ applied }, "the schema was brought up to date");

  const notifier = await openNotifier({
    url: config.databaseUrl,
    pool: database.pool,
    clock,
    onTrouble: trouble("the connection for notifications broke"),
  });
  shutdown.add("notifier", () => notifier.close());
  const jobs = await openJobs({
    url: config.databaseUrl,
    random,
    onTrouble: trouble("background jobs are in trouble"),
    supervise: config.mode !== "api",
  });
  shutdown.add("jobs", () => jobs.close(5_000));

  const endpoints = new Endpoints(
    deployment.chainId,
    config.rpcUrls.map((url) => httpEndpoint(url)),
    clock,
  );
  const chain = createReader({ endpoints, finality: config.finality, clock });
  const store = await openBlobs(config.blobs, { maxBlobBytes: config.maxBlobBytes, env: process.env });
  const { blobs } = store;
  const metrics = createMetrics(() => ({
    used: database.pool.totalCount - database.pool.idleCount,
    waiting: database.pool.waitingCount,
  }));

  const sessions = new Sessions(database, clock, random);
  const apiKeys = new ApiKeys(database, clock, random);
  const accounts = createAccounts({ sessions, apiKeys, clock, reader: database.reader });
  const events = openEventLog(database.reader, clock);
  const market = await parts.buildMarket({
    config,
    clock,
    random,
    log,
    endpoints,
    chain,
    deployment,
    metrics: metrics.registry,
    database,
    notifier,
    jobs,
    events,
    blobs,
    accounts,
    stopping: shutdown.signal,
  });
  shutdown.add("market", () => market.stop());

  const publicUrl = new URL(config.publicUrl);
  const placeOf = (uri: string) => ({ domain: new URL(uri).host, uri, chainId: deployment.chainId });
  const [place, others] = [placeOf(config.publicUrl), config.publicAliases.map(placeOf)];
  const signIn = new SignIn({ database, chain, clock, random, places: [place, ...others] });
  const idempotency = new Idempotency(database, clock, random);
  const api = new HttpApi({
    clock,
    random,
    log,
    limiter: tokenBuckets(clock, {
      read: config.readsPerMinute,
      write: config.writesPerMinute,
      match: config.matchesPerMinute,
      stream: config.streamsPerMinute,
    }),
    idempotency,
    authenticate: (token) => accounts.authenticate(token),
    observe: (operation, status, seconds) => metrics.observe(operation, status, seconds),
    corsOrigins: config.corsOrigins,
    https: publicUrl.protocol === "https:",
    checkResponses: parts.checkResponses ?? false,
    stopping: shutdown.signal,
  });
  bindAccounts(api, { database, signIn, sessions, apiKeys, account: (address) => market.account(address) });
  const limits = { bytes: config.accountBlobBytes, blobs: config.accountBlobs };
  const reservations = new Reservations({ database, accounts, blobs, clock, limits });
  bindBlobs(api, {
    blobs,
    access: new BlobAccess({ accounts, mayRead: (caller, hash) => market.mayReadBlob(caller, hash) }),
    desk: new UploadDesk({ blobs, reservations, clock }),
  });
  market.bind(api);
  api.document(openApiDocument(ALL_ROUTES, config.publicUrl));
  const notReady = async (): Promise<readonly string[]> => {
    if (shutdown.signal.aborted) return ["the coordinator is stopping"];
    const alive = await database.pool.query("select 1").then(
      () => true,
      () => false,
    );
    if (!alive) return ["the database does not answer"];
    const [blobTrouble, marketTrouble] = await Promise.all([store.trouble(), market.notReady()]);
    return [
      ...(notifier.connected ? [] : ["notifications do not arrive"]),
      ...(blobTrouble === undefined ? [] : [blobTrouble]),
      ...marketTrouble,
    ];
  };
  bindHealth(api.app, { notReady, https: publicUrl.protocol === "https:" });
  if (config.console !== undefined) {
    const built = await bindConsole(api.app, {
      folder: config.console,
      rpcUrl: config.publicRpcUrl,
      https: publicUrl.protocol === "https:",
    });
    if (!built) log.warn({ folder: config.console }, NOT_BUILT);
  }

  const metricsServer = createServer((request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    metrics.registry.metrics().then(
      (text) => response.writeHead(200, { "content-type": metrics.registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  const metricsPort = await listen(metricsServer, config.metricsListen);
  shutdown.add("metrics", () => closeServer(metricsServer));

  if (config.mode !== "api") {
    await market.startWork();
    const chores = housekeeping({
      clock,
      log,
      signal: shutdown.signal,
      forget: [signIn, sessions, idempotency, events, reservations, new Samples(database, clock)],
    });
    shutdown.add("housekeeping", () => chores);
  }
  const port = config.mode === "worker" ? undefined : await serve(parts, api, market, shutdown);
  log.info({ mode: config.mode, port, metricsPort, chainId: deployment.chainId }, "the coordinator serves");
  return { port, metricsPort, api, stop: (reason) => shutdown.run(reason) };
}

/**
 * Opens the API's own port: HTTP for routes, upgrades for the market's WebSockets. On the way out it takes no more
 * requests and lets those in flight end; the WebSockets are the market's to close.
 */
async function serve(parts: CoordinatorParts, api: HttpApi, market: Market, shutdown: Shutdown): Promise<number> {
  const { config, clock, random } = parts;
  const { server, inFlight } = createApiServer({
    fetch: api.app.fetch,
    upgrade: (request, socket, head) => market.upgrade(request, socket, head),
    newRequestId: () => newId("req", clock, random),
    https: new URL(config.publicUrl).protocol === "https:",
  });
  const port = await listen(server, config.listen);
  shutdown.add(
    "http",
    async () => {
      beginClose(server);
      await Promise.all(inFlight.keys());
      server.closeIdleConnections();
    },
    () => [...inFlight.values()],
  );
  return port;
}
