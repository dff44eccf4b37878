import { readFileSync } from "node:fs";
import { parseFinality } from "@corepool/chain/finality";
import { CorepoolError } from "@corepool/core/errors";
import { z } from "zod";

const listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, "host:port")
  .transform((text) => {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
  });

const perMinute = z.coerce.number().int().min(1).max(100_000_000);
const httpUrl = z.url({ protocol: /^https?$/ });

/** Every setting of a coordinator: its variable, schema and default. */
const SETTINGS = {
  mode: { name: "COREPOOL_MODE", schema: z.enum(["all", "api", "worker"]), initial: "all" },
  databaseUrl: { name: "COREPOOL_DATABASE_URL", schema: z.url({ protocol: /^postgres(ql)?$/ }), secret: true },
  databaseConnections: {
    name: "COREPOOL_DATABASE_CONNECTIONS",
    schema: z.coerce.number().int().min(2).max(500),
    initial: "20",
  },
  rpcUrls: {
    name: "COREPOOL_RPC_URL",
    schema: z
      .string()
      .transform((text) => text.split(",").map((url) => url.trim()))
      .pipe(z.array(httpUrl).min(1)),
    secret: true,
  },
  deployment: { name: "COREPOOL_DEPLOYMENT", schema: z.string().min(1) },
  relayerKeyFile: { name: "COREPOOL_RELAYER_KEY_FILE", schema: z.string().min(1) },
  /** A folder, or `s3://BUCKET[/PREFIX]?endpoint=URL`. */
  blobs: { name: "COREPOOL_BLOBS", schema: z.string().min(1) },
  maxBlobBytes: {
    name: "COREPOOL_MAX_BLOB_BYTES",
    schema: z.coerce.number().int().min(1),
    initial: String(16 * 2 ** 30),
  },
  accountBlobBytes: {
    name: "COREPOOL_ACCOUNT_BLOB_BYTES",
    schema: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
    initial: String(50 * 2 ** 30),
  },
  accountBlobs: {
    name: "COREPOOL_ACCOUNT_BLOBS",
    schema: z.coerce.number().int().min(1),
    initial: "100000",
  },
  agentConnections: {
    name: "COREPOOL_AGENT_CONNECTIONS",
    schema: z.coerce.number().int().min(1).max(1_000_000),
    initial: "10000",
  },
  /** Behind a proxy that hides addresses all agents come from one: raise it there. */
  agentsWaitingPerAddress: {
    name: "COREPOOL_AGENTS_WAITING_PER_ADDRESS",
    schema: z.coerce.number().int().min(1).max(1_000_000),
    initial: "64",
  },
  /** Signed in. Behind a proxy that hides addresses: as many as all agents together. */
  machinesPerAddress: {
    name: "COREPOOL_MACHINES_PER_ADDRESS",
    schema: z.coerce.number().int().min(1).max(1_000_000),
    initial: "2000",
  },
  machinesPerProvider: {
    name: "COREPOOL_MACHINES_PER_PROVIDER",
    schema: z.coerce.number().int().min(1).max(1_000_000),
    initial: "1000",
  },
  listen: { name: "COREPOOL_LISTEN", schema: listen, initial: "127.0.0.1:8080" },
  metricsListen: { name: "COREPOOL_METRICS_LISTEN", schema: listen, initial: "127.0.0.1:9464" },
  publicUrl: { name: "COREPOOL_PUBLIC_URL", schema: httpUrl },
  /** Other origins by which browsers reach this market: signing in is possible from each. */
  publicAliases: {
    name: "COREPOOL_PUBLIC_ALIASES",
    schema: z
      .string()
      .transform((text) =>
        text
          .split(",")
          .map((each) => each.trim())
          .filter((each) => each !== ""),
      )
      .pipe(z.array(httpUrl.transform((url) => new URL(url).origin)).max(16)),
    initial: "",
  },
  /** The folder of the console's build; none: no console is served. */
  console: { name: "COREPOOL_CONSOLE", schema: z.string().min(1).optional() },
  publicRpcUrl: { name: "COREPOOL_PUBLIC_RPC_URL", schema: httpUrl.optional() },
  /** `finalized` (or `tag`): the node's own word; `depth:seconds`: so many blocks deep and so much older than the head. */
  finality: {
    name: "COREPOOL_FINALITY",
    schema: z
      .string()
      .regex(/^(tag|finalized|\d{1,4}:\d{1,6})$/, "finalized, or depth:seconds")
      .transform((text) => parseFinality(text === "tag" ? "finalized" : text)),
    initial: "finalized",
  },
  logLevel: {
    name: "COREPOOL_LOG_LEVEL",
    schema: z.enum(["fatal", "error", "warn", "info", "debug", "trace"]),
    initial: "info",
  },
  corsOrigins: {
    name: "COREPOOL_CORS_ORIGINS",
    schema: z.string().transform((text) =>
      text
        .split(",")
        .map((o) => o.trim())
        .filter((o) => o !== ""),
    ),
    initial: "",
  },
  /** By mark or identifier, e.g. `CVE-2026-87766`; `*`: a machine with any known weakness. */
  refusedWeaknesses: {
    name: "COREPOOL_REFUSED_WEAKNESSES",
    schema: z
      .string()
      .transform((text) =>
        text
          .split(",")
          .map((each) => each.trim())
          .filter((each) => each !== ""),
      )
      .pipe(z.array(z.string().max(120)).max(64)),
    initial: "",
  },
  /** Grants of test funds in a day, on a local chain only; 0: there is no faucet. */
  faucetPerDay: {
    name: "COREPOOL_FAUCET_PER_DAY",
    schema: z.coerce.number().int().min(0).max(10_000),
    initial: "0",
  },
  shutdownSeconds: {
    name: "COREPOOL_SHUTDOWN_SECONDS",
    schema: z.coerce.number().int().min(1).max(600),
    initial: "15",
  },
  readsPerMinute: { name: "COREPOOL_READS_PER_MINUTE", schema: perMinute, initial: "3000" },
  writesPerMinute: { name: "COREPOOL_WRITES_PER_MINUTE", schema: perMinute, initial: "1200" },
  matchesPerMinute: { name: "COREPOOL_MATCHES_PER_MINUTE", schema: perMinute, initial: "300" },
  streamsPerMinute: { name: "COREPOOL_STREAMS_PER_MINUTE", schema: perMinute, initial: "12000" },
} as const satisfies Record<string, { name: string; schema: z.ZodType; initial?: string; secret?: true }>;

type Settings = typeof SETTINGS;

/** The settings of one coordinator, parsed. */
export type Config = { readonly [K in keyof Settings]: z.output<Settings[K]["schema"]> };

/** Where a value came from, for the line that prints the settings at start. Secrets are never in it. */
export interface ConfigSource {
  readonly name: string;
  readonly from: "environment" | "file" | "default" | "unset";
  readonly value: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings: environment before the JSON file named by COREPOOL_CONFIG before defaults. Throws `setup-failed`
 * that names every wrong or missing variable at once.
 */
export function loadConfig(environment: Environment): {
  readonly config: Config;
  readonly sources: readonly ConfigSource[];
} {
  const file = readConfigFile(environment["COREPOOL_CONFIG"]);
  const values: Record<string, unknown> = {};
  const sources: ConfigSource[] = [];
  const wrong: string[] = [];
  for (const [key, setting] of Object.entries(SETTINGS) as [
    keyof Settings,
    { name: string; schema: z.ZodType; initial?: string; secret?: true },
  ][]) {
    const given = environment[setting.name] ?? file[setting.name];
    const from =
      environment[setting.name] !== undefined
        ? "environment"
        : file[setting.name] !== undefined
          ? "file"
          : setting.initial !== undefined
            ? "default"
            : "unset";
    const parsed = setting.schema.safeParse(given ?? setting.initial);
    if (parsed.success) values[key] = parsed.data;
    else
      wrong.push(
        from === "unset"
          ? `${setting.name} is missing`
          : `${setting.name}: ${parsed.error.issues[0]?.message ?? "not acceptable"}`,
      );
    sources.push({
      name: setting.name,
      from,
      value: setting.secret === true ? "(secret)" : String(given ?? setting.initial ?? ""),
    });
  }
  if (wrong.length > 0) {
    throw new CorepoolError("setup-failed", {
      detail: `The coordinator's settings are not complete: ${wrong.join("; ")}.`,
      next: "Set these variables in the environment, or in the JSON file that COREPOOL_CONFIG names.",
    });
  }
  return { config: values as Config, sources };
}

function readConfigFile(path: string | undefined): Environment {
  if (path === undefined) return {};
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new CorepoolError("setup-failed", {
      detail: `The settings file ${path} cannot be read as a JSON object of strings.`,
      next: "Correct the file, or unset COREPOOL_CONFIG.",
      cause,
    });
  }
}
