import { randomBytes } from "node:crypto";
import { readRecord } from "@corepool/chain/adapters/deploy-file";
import { deploymentOf } from "@corepool/chain/deploy";
import { CorepoolError } from "@corepool/core/errors";
import { id } from "@corepool/protocol/primitives";
import { defineRoute, type Route } from "@corepool/protocol/route";
import { z } from "zod";
import { startCoordinator } from "../../coordinator.ts";
import { buildMarket } from "../../market.ts";
import { systemClock } from "../../platform/adapters/system-clock.ts";
import { systemRandom } from "../../platform/adapters/system-random.ts";
import { loadConfig } from "../../platform/config.ts";
import type { Api } from "../../platform/http/call.ts";
import type { Platform } from "../../platform/parts.ts";
import { createLog } from "../../platform/process/log.ts";
import type { CoordinatorProcess, ProcessMarket } from "../processes.ts";
import type { GoodRequest } from "./bad-requests.ts";

const plant = <const N extends string>(operationId: N) =>
  defineRoute({
    method: "POST",
    path: `/v1/planted/${operationId}`,
    operationId,
    summary: "A defect on purpose",
    scopes: "public",
    rate: "write",
    idempotent: false,
    body: z.strictObject({ text: z.string(), n: z.int().optional() }),
    response: z.object({ length: z.int() }),
    status: 200,
    problems: ["bad-request"],
  });

const plantNothing = plant("plantNothing");
const plantFailure = plant("plantFailure");
const plantUndeclared = plant("plantUndeclared");
const plantField = plant("plantField");
const plantChange = defineRoute({
  ...plant("plantChange"),
  path: "/v1/planted/plantChange/{id}",
  params: z.strictObject({ id: id("wkl") }),
  problems: ["bad-request", "not-found"],
});

/** Routes with one defect each, and one without. */
export const PLANTED: readonly Route[] = [plantNothing, plantFailure, plantUndeclared, plantField, plantChange];

function bindPlanted(api: Api, { database }: Platform): void {
  api.bind(plantNothing, async ({ body }) => ({ length: body.text.length }));
  api.bind(plantFailure, async ({ body }) => {
    if (body.text.includes("<")) throw new TypeError("this text breaks it");
    return { length: body.text.length };
  });
  api.bind(plantUndeclared, async ({ body }) => {
    if (body.text.length > 1_000) throw new CorepoolError("no-placement", { detail: "Too long a text." });
    return { length: body.text.length };
  });
  api.bind(plantField, async ({ body }) => ({ length: body.text.length, text: body.text }));
  api.bind(plantChange, async () => {
    const address = `0x${randomBytes(20).toString("hex")}` as const;
    await database.reader.insertInto("accounts").values({ address, created_at: new Date() }).execute();
    throw new CorepoolError("not-found", { detail: "There is no such thing." });
  });
}

/** A coordinator in this process that serves the planted routes beside its own. */
export async function plantedServer(market: ProcessMarket) {
  const server = await startWith(market, bindPlanted);
  const params = { id: "wkl_0123456789" };
  const good: GoodRequest = {
    token: "",
    params,
    query: {},
    body: { text: "abc", n: 1 },
    bytes: undefined,
    headers: [],
  };
  return { server, good };
}

/** A coordinator in this process that serves more routes than its own. */
export async function startWith(
  market: ProcessMarket,
  bindMore: (api: Api, platform: Platform) => void,
): Promise<CoordinatorProcess> {
  const { config } = loadConfig({
    ...market.settings,
    COREPOOL_MODE: "api",
    COREPOOL_LISTEN: "127.0.0.1:0",
    COREPOOL_METRICS_LISTEN: "127.0.0.1:0",
    COREPOOL_PUBLIC_URL: "http://127.0.0.1",
  });
  const record = readRecord(config.deployment);
  if (record === undefined) throw new Error("the contracts are not deployed");
  const lines: string[] = [];
  const running = await startCoordinator({
    config,
    deployment: deploymentOf(record),
    clock: systemClock,
    random: systemRandom,
    log: createLog("info", { write: (line: string) => lines.push(line) }),
    async buildMarket(platform) {
      const built = await buildMarket(platform);
      return {
        ...built,
        bind(api) {
          built.bind(api);
          bindMore(api, platform);
        },
      };
    },
  });
  return {
    url: `http://127.0.0.1:${running.port}`,
    metricsUrl: `http://127.0.0.1:${running.metricsPort}/metrics`,
    pid: process.pid,
    lines,
    alive: () => true,
    memory: async () => process.memoryUsage.rss(),
    crashes: () => [],
    stop: async () => {
      await running.stop("test");
    },
  };
}
