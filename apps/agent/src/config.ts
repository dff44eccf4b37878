import { CorepoolError } from "@corepool/core/errors";
import { address } from "@corepool/protocol/primitives";
import { z } from "zod";

const httpUrl = z.url({ protocol: /^https?$/ });
const count = (max: number) => z.coerce.number().int().min(1).max(max);

/** Every setting of an agent: its variable, schema and default. */
const SETTINGS = {
  coordinatorUrl: { name: "COREPOOL_COORDINATOR_URL", schema: httpUrl },
  rpcUrls: {
    name: "COREPOOL_RPC_URL",
    schema: z
      .string()
      .transform((text) => text.split(",").map((url) => url.trim()))
      .pipe(z.array(httpUrl).min(1)),
    secret: true,
  },
  market: { name: "COREPOOL_MARKET", schema: address },
  registry: { name: "COREPOOL_REGISTRY", schema: address.optional() },
  /** A file with the private key; without one the agent draws a key and keeps it in its own folder. */
  providerKeyFile: { name: "COREPOOL_PROVIDER_KEY_FILE", schema: z.string().min(1).optional() },
  agentDir: { name: "COREPOOL_AGENT_DIR", schema: z.string().min(1).optional() },
  /** Set by the supervisor: what root prepared, or the folder of an ordinary user's agent and its workspaces. */
  preparation: { name: "COREPOOL_PREPARATION", schema: z.string().min(1).optional() },
  state: { name: "COREPOOL_STATE", schema: z.string().min(1).optional() },
  slots: { name: "COREPOOL_SLOTS", schema: count(256), initial: "4" },
  units: {
    name: "COREPOOL_UNITS",
    schema: z.union([z.literal("auto"), z.coerce.number().int().min(0).max(255)]),
    initial: "auto",
  },
  firstUnit: {
    name: "COREPOOL_FIRST_UNIT",
    schema: z.coerce
      .number()
      .int()
      .min(0)
      .max(2 ** 52),
    initial: "0",
  },
  intervalSeconds: { name: "COREPOOL_INTERVAL", schema: count(3_600), initial: "5" },
  holdSeconds: { name: "COREPOOL_HOLD", schema: z.coerce.number().int().min(0).max(604_800), initial: "300" },
  /** How long the coordinator has to close a lease that is over before the agent does it with its own transaction. */
  closePatienceSeconds: { name: "COREPOOL_CLOSE_PATIENCE", schema: count(604_800), initial: "600" },
  payTo: { name: "COREPOOL_PAY_TO", schema: address.optional() },
  price: {
    name: "COREPOOL_PRICE",
    schema: z.union([
      z.literal("auto"),
      z
        .string()
        .regex(/^[1-9]\d{0,27}$/, "auto, or base units per second")
        .transform(BigInt),
    ]),
    initial: "auto",
  },
  cacheBytes: { name: "COREPOOL_CACHE_BYTES", schema: z.coerce.number().int().min(0), initial: String(8 * 2 ** 30) },
  /** How long an ordered end may take before the agent leaves with what is open; its sandboxes live on either way. */
  shutdownSeconds: { name: "COREPOOL_SHUTDOWN_SECONDS", schema: count(600), initial: "15" },
  logLevel: {
    name: "COREPOOL_LOG_LEVEL",
    schema: z.enum(["fatal", "error", "warn", "info", "debug", "trace"]),
    initial: "info",
  },
} as const satisfies Readonly<Record<string, Setting>>;

interface Setting {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly initial?: string;
  readonly secret?: true;
}
type Settings = typeof SETTINGS;

/** The settings of one agent, parsed. */
export type Config = { readonly [K in keyof Settings]: z.output<Settings[K]["schema"]> };

/** Where a value came from, for the line that prints the settings at start. Secrets are never in it. */
export interface ConfigSource {
  readonly name: string;
  readonly from: "environment" | "default" | "unset";
  readonly value: string;
}

/**
 * Reads the settings from the environment.
 * @throws CorepoolError `setup-failed` that names every wrong or missing variable at once
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): {
  readonly config: Config;
  readonly sources: readonly ConfigSource[];
} {
  const values: Record<string, unknown> = {};
  const sources: ConfigSource[] = [];
  const wrong: string[] = [];
  for (const [key, setting] of Object.entries<Setting>(SETTINGS)) {
    const given = environment[setting.name];
    const from = given !== undefined ? "environment" : setting.initial !== undefined ? "default" : "unset";
    const parsed = setting.schema.safeParse(given ?? setting.initial);
    if (parsed.success) values[key] = parsed.data;
    else if (from === "unset") wrong.push(`${setting.name} is missing`);
    else wrong.push(`${setting.name}: ${parsed.error.issues[0]?.message ?? "not acceptable"}`);
    const shown = setting.secret === true && given !== undefined ? "(secret)" : (given ?? setting.initial ?? "");
    sources.push({ name: setting.name, from, value: shown });
  }
  if (wrong.length > 0) {
    throw new CorepoolError("setup-failed", {
      detail: `The agent's settings are not complete: ${wrong.join("; ")}.`,
      next: "Set these variables in the agent's environment.",
    });
  }
  return { config: values as Config, sources };
}
