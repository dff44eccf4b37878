import type { Hex } from "@corepool/core/hex";
import type { Connection } from "@corepool/core/ports/transport";
import { agentHelloData, digestOf, machineId } from "@corepool/protocol/eip712";
import { generatePrivateKey, privateKeyToAccount, sign } from "viem/accounts";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { MarketContext } from "../market/context.ts";
import type { MarketStore } from "../market/documents.ts";
import { postgresStore } from "../market/store.ts";
import { systemClock } from "../platform/adapters/system-clock.ts";
import { systemRandom } from "../platform/adapters/system-random.ts";
import { openEventLog } from "../platform/events/event-log.ts";
import { openTestDatabase } from "../testing/database.ts";
import { until } from "../testing/market.ts";
import { bytes32 } from "../testing/records.ts";
import { createGateway } from "./gateway.ts";

let test: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

const domain = { chainId: 31_337, market: `0x${"5e".repeat(20)}` } as const;
const key = generatePrivateKey();
const { address, publicKey } = privateKeyToAccount(key);

/** An agent on a connection without a network: it says hello and keeps what it hears. */
function agentOn(heard: { readonly type: string }[]): { readonly connection: Connection; readonly hangUp: () => void } {
  const said: string[] = [];
  let wake = Promise.withResolvers<void>();
  let over = false;
  const say = (text?: string) => {
    if (text === undefined) over = true;
    else said.push(text);
    wake.resolve();
    wake = Promise.withResolvers();
  };
  const connection: Connection = {
    async send(text) {
      const message = JSON.parse(text) as { readonly type: string; readonly body: { readonly nonce: Hex } };
      heard.push(message);
      if (message.type !== "challenge") return;
      const machine = machineId(address, bytes32(1));
      const hash = digestOf(agentHelloData(domain, address, machine, message.body.nonce));
      const signature = await sign({ hash, privateKey: key, to: "hex" });
      const body = { provider: address, machine, salt: bytes32(1), signature, publicKey, agentVersion: "test" };
      say(JSON.stringify({ v: 1, id: "n1", type: "hello", body }));
    },
    messages: {
      async *[Symbol.asyncIterator]() {
        while (!over) {
          const next = said.shift();
          if (next === undefined) await wake.promise;
          else yield next;
        }
      },
    },
    close: () => say(),
  };
  return { connection, hangUp: () => say() };
}

it("looks into the box again when the database failed as it looked", async () => {
  const real = postgresStore(test.database, openEventLog(test.database.reader, systemClock));
  const machine = machineId(address, bytes32(1)).toLowerCase() as Hex;
  let failures = 1;
  const store: MarketStore = {
    transaction: (work) =>
      real.transaction((uow) =>
        work({
          ...uow,
          messages: {
            ...uow.messages,
            of: (id) => (failures-- > 0 ? Promise.reject(new Error("the database is away")) : uow.messages.of(id)),
          },
        }),
      ),
  };
  const troubles: unknown[] = [];
  const gateway = createGateway({
    context: { domain, clock: systemClock, random: systemRandom } as unknown as MarketContext,
    store,
    notifier: { notify: () => Promise.resolve(), subscribe: () => () => undefined },
    issueToken: async () => "token",
    register: async () => undefined,
    reported: async () => undefined,
    onTrouble: (error) => void troubles.push(error),
  });
  await real.transaction((uow) =>
    uow.messages.put(machine, "stop:1", {
      type: "stop",
      body: { attempt: `att_${"0".repeat(26)}`, reason: "stopped-by-client" },
    }),
  );
  const heard: { readonly type: string }[] = [];
  const { connection, hangUp } = agentOn(heard);
  const served = gateway.serve(connection);
  await until(() => heard.find(({ type }) => type === "stop"));
  expect(troubles).toMatchObject([{ message: "the database is away" }]);
  hangUp();
  await served;
});
