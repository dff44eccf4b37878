import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PLANTED, plantedServer } from "../testing/fuzz/planted.ts";
import { fuzzRoutes } from "../testing/fuzz/run.ts";
import { quietScene, type Scene } from "../testing/fuzz/scene.ts";
import { ALL_ROUTES } from "./all-routes.ts";

const SEED = 20_260_101;
const PER_ROUTE = 50;

let scene: Scene;
beforeAll(async () => {
  scene = await quietScene();
});
afterAll(() => scene.end());

describe("bad requests", () => {
  it("are refused by every route as it declares", { timeout: 120_000 }, async () => {
    const { market, server, own } = scene;
    const { sent, wrong, times } = await fuzzRoutes({
      server,
      databaseUrl: market.databaseUrl,
      own,
      perRoute: PER_ROUTE,
      seed: SEED,
      beforeEach: () => scene.alive(),
    });
    expect(wrong.join("\n")).toBe("");
    expect([...sent.keys()].sort()).toEqual(ALL_ROUTES.map((route) => route.operationId).sort());
    for (const [operation, count] of sent) expect(count, operation).toBeGreaterThanOrEqual(PER_ROUTE);
    expect(times).toHaveLength([...sent.values()].reduce((sum, count) => sum + count, 0));
  });

  it("that a route fails, answers off its declaration, or lets change something, are found by the same check", async () => {
    const planted = await plantedServer(scene.market);
    const { wrong } = await fuzzRoutes({
      server: planted.server,
      databaseUrl: scene.market.databaseUrl,
      own: scene.own,
      perRoute: PER_ROUTE,
      seed: SEED,
      routes: PLANTED,
      good: async () => ({ ...planted.good, token: scene.own.token }),
    });
    await planted.server.stop();
    const found = (operation: string, what: RegExp) =>
      wrong.some((line) => line.startsWith(operation) && what.test(line));
    expect(found("plantFailure", /answers 500/)).toBe(true);
    expect(found("plantUndeclared", /answers no-placement, which it does not declare/)).toBe(true);
    expect(found("plantField", /fields that its schema does not know/)).toBe(true);
    expect(found("plantChange", /refused requests changed accounts/)).toBe(true);
    expect(found("plantNothing", /./)).toBe(false);
  });
});
