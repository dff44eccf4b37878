import type { TestAgent } from "../agent.ts";
import { type Belongings, makeBelongings } from "../belongings.ts";
import { TestClient } from "../client.ts";
import { type CoordinatorProcess, type ProcessMarket, processMarket } from "../processes.ts";

/** A coordinator without background work, so that rows change by requests alone, and somebody's things on it. */
export interface Scene {
  readonly market: ProcessMarket;
  readonly server: CoordinatorProcess;
  readonly own: Belongings;
  /** Lets the agent show that it lives: an hour of requests may pass. */
  alive(): Promise<void>;
  end(): Promise<void>;
}

/** Makes the things with a whole coordinator, then lets one serve that only answers. `settings`: of the second. */
export async function quietScene(settings: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const market = await processMarket();
  const whole = await market.start();
  const maker = new TestClient(market.servedBy(whole));
  const agent: TestAgent = await maker.agent(4);
  const made = await makeBelongings(maker, agent);
  await whole.stop();
  const server = await market.start({ ...settings, COREPOOL_MODE: "api" });
  await agent.connect(server.url);
  return {
    market,
    server,
    own: { ...made, client: new TestClient(market.servedBy(server), maker) },
    async alive() {
      agent.send({ type: "heartbeat", body: { attempts: [] } });
    },
    async end() {
      await agent.cut();
      await market.endAll();
    },
  };
}
