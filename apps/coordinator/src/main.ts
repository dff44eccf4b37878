import { readRecord } from "@corepool/chain/adapters/deploy-file";
import { deploymentOf } from "@corepool/chain/deploy";
import { CorepoolError } from "@corepool/core/errors";
import { EXIT, isProblemCode, PROBLEMS } from "@corepool/protocol/problems";
import { startCoordinator } from "./coordinator.ts";
import { buildMarket } from "./market.ts";
import { systemClock } from "./platform/adapters/system-clock.ts";
import { systemRandom } from "./platform/adapters/system-random.ts";
import { loadConfig } from "./platform/config.ts";
import { createLog, secretsOfUrl } from "./platform/process/log.ts";

/** Until the settings are known. */
let log = createLog("info");

/** The coordinator as a process: settings from the environment, one JSON log line per event on stderr. */
async function main(): Promise<void> {
  const { config, sources } = loadConfig(process.env);
  // The database's user and name are no secrets, and would be cut out of honest lines.
  const password = new URL(config.databaseUrl).password;
  const hidden = [...config.rpcUrls.flatMap(secretsOfUrl), password, decodeURIComponent(password)];
  log = createLog(
    config.logLevel,
    undefined,
    hidden.filter((secret) => secret !== ""),
  );
  log.info({ settings: sources }, "settings");
  const record = readRecord(config.deployment);
  if (record === undefined) {
    throw new CorepoolError("setup-failed", {
      detail: `There is no deployment record at ${config.deployment}.`,
      next: "Deploy the contracts first, or correct COREPOOL_DEPLOYMENT.",
    });
  }
  const coordinator = await startCoordinator({
    config,
    deployment: deploymentOf(record),
    clock: systemClock,
    random: systemRandom,
    log,
    buildMarket,
  });
  let ending = false;
  const end = (reason: string, status: number) => {
    if (ending) {
      // Whoever asks twice does not want to wait: everything unfinished is in the database.
      log.warn({ reason }, "left at once");
      process.exit(EXIT.interrupted);
    }
    ending = true;
    coordinator.stop(reason).then(
      (clean) => process.exit(clean ? status : EXIT.internal),
      () => process.exit(EXIT.internal),
    );
  };
  process.on("SIGTERM", () => end("SIGTERM", EXIT.ok));
  process.on("SIGINT", () => end("SIGINT", EXIT.ok));
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "an error that nobody caught");
    if (!ending) end("uncaught error", EXIT.internal);
  });
}

main().catch((error: unknown) => {
  const code = error instanceof CorepoolError && isProblemCode(error.code) ? error.code : "internal";
  const next = error instanceof CorepoolError && error.next !== undefined ? ` ${error.next}` : "";
  log.fatal({ err: error, code }, `${error instanceof Error ? error.message : String(error)}${next}`);
  process.exit(PROBLEMS[code].exit);
});
