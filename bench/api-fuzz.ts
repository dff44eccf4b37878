import { fuzzRoutes } from "@corepool/coordinator/testing/fuzz/run";
import { quietScene } from "@corepool/coordinator/testing/fuzz/scene";
import startTestServer from "@corepool/postgres/testing";
import { percentile } from "./support/up.ts";

type Print = (name: string, value: string | number, unit: string) => void;

/**
 * Generated bad requests against a coordinator process on a real database and chain: `COREPOOL_FUZZ_REQUESTS` (500) and
 * more for every route, from the seed `COREPOOL_FUZZ_SEED` (1). `api-fuzz.requests`: sent; `api-fuzz.wrong`: answers of
 * 5xx or off their declaration, refusals that changed a row, lines of a crash; `api-fuzz.p99`: time to the answer.
 * Fails when anything was wrong.
 */
export async function run(print: Print): Promise<void> {
  const perRoute = Number(process.env["COREPOOL_FUZZ_REQUESTS"] ?? 500);
  const seed = Number(process.env["COREPOOL_FUZZ_SEED"] ?? 1);
  const stopServer = await startTestServer();
  try {
    const scene = await quietScene();
    try {
      const { sent, wrong, times } = await fuzzRoutes({
        server: scene.server,
        databaseUrl: scene.market.databaseUrl,
        own: scene.own,
        perRoute,
        seed,
        beforeEach: () => scene.alive(),
      });
      print("api-fuzz.routes", sent.size, "routes");
      print("api-fuzz.requests", times.length, "requests");
      print("api-fuzz.wrong", wrong.length, "answers");
      print("api-fuzz.p99", percentile(times, 0.99).toFixed(0), "ms");
      if (wrong.length > 0) throw new Error(wrong.slice(0, 20).join("\n"));
    } finally {
      await scene.end();
    }
  } finally {
    await stopServer();
  }
}
