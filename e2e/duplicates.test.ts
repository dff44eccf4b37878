import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { BlobHash } from "@corepool/core/hex";
import { market as marketSchema, type WorkloadView } from "@corepool/protocol/resources";
import { createApiKey, dropMandate, getAccount, revokeApiKey, signOut } from "@corepool/protocol/routes/accounts";
import { keySigner } from "@corepool/sdk/adapters/key";
import { systemClock, systemFetch, systemRandom } from "@corepool/sdk/adapters/system";
import { call } from "@corepool/sdk/call";
import { balancesOf } from "@corepool/sdk/chain";
import { createClient } from "@corepool/sdk/client";
import { handMandate, mandateFor, signMandate } from "@corepool/sdk/mandates";
import { type RunEvent, runWorkload } from "@corepool/sdk/run";
import { withWallet } from "@corepool/sdk/sign-in";
import type pg from "pg";
import { generatePrivateKey } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { books } from "./support/books.ts";
import { type ChaosClient, fundedClients } from "./support/chaos/clients.ts";
import { type Dice, diceOf, seedOf } from "./support/chaos/dice.ts";
import {
  Deliveries,
  deliver,
  deliverAll,
  nameOf,
  type Recorded,
  sendRequest,
} from "./support/duplicates/deliveries.ts";
import { type AgentRoad, openRoad } from "./support/duplicates/road.ts";
import { changesBetween, quietSnapshot, snapshotOf, transactionsOf } from "./support/duplicates/snapshot.ts";
import { clear, newPlace, type Place, type RunningMarket, startMarket } from "./support/market.ts";
import { openBooks } from "./support/zombies.ts";

const SEED = seedOf("COREPOOL_DUPLICATES_SEED", 20_261_125);
const COUNT =
  'import time\nfor i in range(12):\n    print(i, open("in").read(), flush=True)\n    time.sleep(0.25)\nopen("outputs/made", "w").write("made")\n';
/** How much later a copy comes while all else goes on, at most. */
const LATE_MS = 600;

describe("whatever is delivered again, any number of times and in any order", () => {
  let place: Place;
  let market: RunningMarket;
  let road: AgentRoad;
  let database: pg.Client;
  let client: ChaosClient;
  let dice: Dice;
  const deliveries = new Deliveries();

  beforeAll(async () => {
    dice = diceOf(SEED);
    const plenty = Object.fromEntries(
      ["WRITES", "READS", "MATCHES", "STREAMS"].map((what) => [`COREPOOL_${what}_PER_MINUTE`, "1000000"]),
    );
    place = await newPlace({ COREPOOL_INTERVAL: "1", COREPOOL_HOLD: "30", COREPOOL_UNITS: "2", ...plenty });
    road = await openRoad(place.ports.api, {
      message: (way, text) => deliveries.take({ kind: "message", way, text }),
      request: (request) => deliveries.take({ kind: "request", request }),
    });
    market = await startMarket(place, "--slots", "2", "--agent-url", `http://127.0.0.1:${road.port}`);
    database = await openBooks(market);
    const { url, rpcUrl } = await market.file();
    const rules = marketSchema.parse(await (await fetch(`${url}/v1/market`)).json());
    const [only] = await fundedClients({ home: place.home, url, rpcUrl }, rules, 1, deliveries.fetch(systemFetch));
    if (only === undefined) throw new RangeError("no client");
    client = only;
  });
  afterAll(async () => {
    await database.end();
    market.up.child.kill("SIGTERM");
    await market.up.ended;
    await road.close();
    await clear(place);
  });

  const addressees = async () => ({ road, rpcUrl: (await market.file()).rpcUrl });

  /** A job from its input to its bill; with `stopped`, one that its client stops. */
  async function run(text: string, stopped = false, ordered: () => void = () => undefined): Promise<WorkloadView> {
    const bytes = new TextEncoder().encode(text);
    const hash = `sha256:${createHash("sha256").update(bytes).digest("hex")}` as BlobHash;
    const stop = new AbortController();
    const { context } = client;
    const on = (event: RunEvent): void => {
      if (event.type === "ordered") ordered();
      if (stopped && event.type === "state" && event.workload.state === "running") stop.abort();
    };
    const done = await runWorkload(
      { ...context, on },
      {
        spec: {
          kind: "job",
          command: stopped ? ["sleep", "60"] : ["python3", "-c", COUNT],
          inputs: [{ path: "in", hash, sizeBytes: bytes.length, executable: false }],
          resources: { cpus: 1, memoryBytes: 64 * 2 ** 20, diskBytes: 2 ** 20 },
          durationSeconds: 120,
        },
        constraints: { token: context.market.contracts.gp, requireCgroup: false },
        uploads: [{ hash, sizeBytes: bytes.length, read: async (from, to) => bytes.slice(from, to) }],
      },
      { stop: stop.signal },
    );
    expect(done.workload.state).toBe(stopped ? "cancelled" : "succeeded");
    expect(done.workload.attempts).toHaveLength(1);
    return done.workload;
  }

  /** What an account does beside running jobs. */
  async function office(): Promise<void> {
    const { context } = client;
    const { market: rules, signer } = context;
    const { key } = await call(context.client, createApiKey, { body: { name: "k", scopes: ["account:read"] } });
    await call(context.client, revokeApiKey, { params: { id: key.id } });
    const bounds = { maxRate: 1n, maxEscrow: 1n, maxTotal: 1n, providers: [], expiry: 4_000_000_000 };
    const own = { token: rules.contracts.gp, ...bounds };
    const { counter } = await balancesOf(client.chain, own.token, signer.address);
    const mandate = mandateFor(context.client, rules, signer.address, counter, own);
    const id = await handMandate(context.client, await signMandate(rules, signer, mandate, []));
    await call(context.client, dropMandate, { params: { id } });
    const other = createClient({
      url: context.client.url,
      fetch: deliveries.fetch(systemFetch),
      clock: systemClock,
      random: systemRandom,
    });
    const visitor = withWallet(other, keySigner(generatePrivateKey()));
    await call(visitor, getAccount, {});
    await call(visitor, signOut, {});
  }

  const transactions = async (from: bigint): Promise<Recorded[]> =>
    (await transactionsOf(market, from)).map(({ raw }) => ({ kind: "transaction", raw }));

  it("changes nothing once all is done, and nothing of a job that runs meanwhile", async () => {
    await office();
    const ordered = Promise.withResolvers<void>();
    const first = run("first", false, () => ordered.resolve());
    await Promise.race([first, ordered.promise]);
    const stopped = run("stopped", true);
    await wait(2_500);
    road.cut();
    await Promise.all([first, stopped]);
    expect(road.dialled()).toBeGreaterThan(1);
    const before = await quietSnapshot(market, database);
    const recorded = [...deliveries.all, ...(await transactions(1n))];
    const kinds = new Set(recorded.map(nameOf));
    // The whole road is in it: what is not recorded could not be delivered again.
    for (const kind of [
      ...[
        "POST /v1/workloads",
        "POST /v1/workloads/{id}/order",
        "POST /v1/workloads/{id}/cancel",
        "PUT /v1/blobs/{id}",
      ],
      ...[
        "POST /v1/leases/{id}/probes",
        "POST /v1/leases/{id}/notes",
        "POST /v1/auth/sessions",
        "DELETE /v1/auth/sessions",
      ],
      ...["POST /v1/api-keys", "DELETE /v1/api-keys/{id}", "POST /v1/mandates", "DELETE /v1/mandates/{id}"],
      ...["hello", "offers", "heartbeat", "attempt", "log", "probe-answer", "ended", "close", "ack"].map(
        (type) => `to-coordinator: ${type}`,
      ),
      ...["challenge", "welcome", "assign", "probe", "note", "stop", "log-ack", "closed", "ack"].map(
        (type) => `to-agent: ${type}`,
      ),
      "transaction",
    ]) {
      expect([...kinds]).toContain(kind);
    }
    const to = await addressees();
    const head = BigInt((await books(market)).opened.at(-1)?.blockNumber ?? 0n);
    const copies = await deliverAll(recorded, to, dice.fork());
    expect(copies).toBeGreaterThan(recorded.length);
    expect(changesBetween(before, await quietSnapshot(market, database)), `seed ${SEED}`).toEqual([]);

    // The same while another job runs, whose own requests and messages come again too, at once or a moment later.
    const late: Promise<unknown>[] = [];
    const broken: unknown[] = [];
    const repeats = dice.fork();
    const again = async (each: Recorded): Promise<void> => {
      await wait(repeats.upTo(LATE_MS));
      await deliver(each, to).catch((error: unknown) => broken.push(error));
    };
    deliveries.onNew = (each) => {
      for (let i = repeats.between(1, 3); i > 0; i--) late.push(again(each));
    };
    const ran = run("second");
    const old = deliverAll(recorded, to, dice.fork());
    let seen = head;
    const chain = (async () => {
      for (let over = false; !over; ) {
        over = await Promise.race([ran.then(() => true), wait(300, false)]);
        for (const each of await transactions(seen + 1n)) late.push(again(each));
        seen = BigInt((await books(market)).opened.at(-1)?.blockNumber ?? seen);
      }
    })();
    const workload = await ran;
    await Promise.all([old, chain]);
    deliveries.onNew = () => undefined;
    await Promise.all(late);
    expect(broken).toEqual([]);
    const settled = await quietSnapshot(market, database);
    // The rows of what was done before are what they were; there is one job more.
    const kept = /^(workloads|attempts|leases|lease_batches|mandates|api_keys|blob_refs|log_|fee_coll|events|chain_tr)/;
    const now = new Set(settled);
    expect(before.filter((line) => kept.test(line) && !now.has(line))).toEqual([]);
    const of = (lines: readonly string[], table: string) => lines.filter((line) => line.startsWith(`${table} `)).length;
    for (const table of ["workloads", "attempts", "leases"])
      expect(of(settled, table), table).toBe(of(before, table) + 1);
    const { cash, escrow, fees, tokens, opened, closed } = await books(market);
    expect(cash + escrow + fees).toBe(tokens);
    expect(escrow).toBe(0n);
    for (const events of [opened, closed])
      expect(events.filter((e) => e.args.lease === workload.attempts[0]?.lease)).toHaveLength(1);
    // Each transaction that was wanted is in the chain once.
    const relayed = (await transactionsOf(market)).filter(
      ({ from }) => from.toLowerCase() === client.context.market.relayer.toLowerCase(),
    );
    const { rows } = await database.query("select from chain_transactions where state in ('mined', 'final')");
    expect(relayed).toHaveLength(rows.length);
  });

  it("would be found out if it changed something", async () => {
    const before = await quietSnapshot(market, database);
    // A coordinator that does not look at the key of a request: the same one under a key that it does not know.
    const submit = deliveries.all.find((each) => nameOf(each) === "POST /v1/workloads");
    if (submit?.kind !== "request") throw new Error("nothing was submitted");
    const headers = { ...submit.request.headers, "idempotency-key": crypto.randomUUID() };
    expect(await sendRequest({ ...submit.request, headers })).toBe(201);
    const submitted = changesBetween(before, await snapshotOf(market, database));
    expect(submitted.filter((line) => line.startsWith("+ workloads "))).toHaveLength(1);

    // A handler that counts every message it hears.
    await database.query(`
      create function planted() returns trigger language plpgsql as $$
        begin update leases set tries = tries + 1; return new; end $$;
      create trigger planted after update on machines for each row execute function planted();
    `);
    try {
      const with_ = await snapshotOf(market, database);
      const report = deliveries.all.find((each) => nameOf(each) === "to-coordinator: ended");
      if (report === undefined) throw new Error("nothing was reported");
      await deliver(report, await addressees());
      await wait(500);
      expect(changesBetween(with_, await snapshotOf(market, database)).join("\n")).toContain("+ leases ");
    } finally {
      await database.query("drop trigger planted on machines; drop function planted()");
    }
  });
});
