import { Follower } from "@corepool/chain/follower/follower";
import { Sender } from "@corepool/chain/sender/sender";
import type { SenderStore } from "@corepool/chain/sender/store";
import { createWire } from "@corepool/chain/sender/wire";
import { createGateway, type Gateway } from "@corepool/coordinator/gateway/gateway";
import { createLeaseKeys } from "@corepool/coordinator/mandates/lease-keys";
import { bindMandates } from "@corepool/coordinator/mandates/routes";
import { accountView } from "@corepool/coordinator/market/account";
import { lower, type MarketContext } from "@corepool/coordinator/market/context";
import type { MarketStore, Uow } from "@corepool/coordinator/market/documents";
import { takeBack, takeEvents } from "@corepool/coordinator/market/follow";
import { readMarket } from "@corepool/coordinator/market/listed-tokens";
import type { MarketParts } from "@corepool/coordinator/market/parts";
import { bindMarket } from "@corepool/coordinator/market/routes";
import { runWork } from "@corepool/coordinator/market/work";
import { bindPayments } from "@corepool/coordinator/payments/routes";
import type { Tx } from "@corepool/coordinator/platform/database/database";
import { HttpApi } from "@corepool/coordinator/platform/http/api";
import type { Caller } from "@corepool/coordinator/platform/http/call";
import { tokenBuckets } from "@corepool/coordinator/platform/http/rate-limit";
import { bindWorkloads } from "@corepool/coordinator/workloads/routes";
import { codeOf } from "@corepool/core/errors";
import { toHex } from "@corepool/core/hex";
import type { Notifier } from "@corepool/core/ports/notifier";
import { decodeMarketEvent } from "@corepool/protocol/market/events";
import { SCOPES } from "@corepool/protocol/route";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { keccak256, zeroAddress } from "viem";
import { countedEvents, countedSenderStore } from "../io/ports.ts";
import type { HttpServer } from "../net/http.ts";
import type { WireServer } from "../net/wire.ts";
import type { SimTransaction } from "../store/database.ts";
import { simFollowerStore } from "../store/follower-store.ts";
import { simIdempotency } from "../store/idempotency.ts";
import { simUnitOfWork } from "../store/market-store.ts";
import type { SimProcess } from "../world/process.ts";
import type { World } from "../world/world.ts";
import { partyOf } from "./keys.ts";
import { chainFor, signerFor } from "./sending.ts";

const PLENTY = { read: 1e9, write: 1e9, match: 1e9, stream: 1e9 };
/** Who relays, and signs under mandates. */
const operator = () => partyOf("operator");

/** A coordinator that serves: the product's own parts on the ports of one simulated process. */
export interface RunningCoordinator extends HttpServer, WireServer {
  readonly follower: Follower<Uow>;
  /** Ends in order, as on a signal. */
  stop(): Promise<void>;
}

/** Tokens say who brings them: signing in is tested elsewhere. */
export const tokenOf = (account: string): string => `client-${account.toLowerCase()}`;
const agentToken = (provider: string, machine: string) => `agent-${provider.toLowerCase()}-${machine.toLowerCase()}`;

function callerOf(token: string): Caller | undefined {
  const [kind, account, machine] = token.split("-") as [string, `0x${string}`?, `0x${string}`?];
  if (account === undefined) return undefined;
  if (kind === "agent" && machine !== undefined) {
    return { kind: "agent", account, machine, scopes: new Set(["agent"]) };
  }
  return {
    kind: "wallet",
    account,
    scopes: new Set(SCOPES),
  };
}

/** How long a broken line for notifications takes to come back. */
const LISTENS_AGAIN_MS = 1_000;

/** Wakes this process's subscribers when transactions commit; the world may lose some with the listening connection. */
function notifierOf(world: World, process: SimProcess): Notifier {
  const listeners = new Map<string, Set<() => void>>();
  const wake = (topic: string) => {
    for (const listener of [...(listeners.get(topic) ?? [])]) listener();
  };
  const again = world.mutations.listensAgain(() => {
    for (const topic of [...listeners.keys()]) wake(topic);
  });
  const leave = world.topics.listen(
    (topic) => {
      const lost = world.io.next(process, "notification", false);
      if (lost === "dies") return world.io.kill(process);
      if (lost !== undefined) return process.after(LISTENS_AGAIN_MS, "listens again", again);
      process.after(world.faults.wakeDelay(), `hears of ${topic}`, () => wake(topic));
    },
    // The connection came back: whatever was said meanwhile is not known, so everybody is woken.
    () => process.after(100, "listens again", again),
  );
  process.onKill(leave);
  return {
    notify: async (topic) => world.topics.tell(topic),
    subscribe(topic, listener) {
      const set = listeners.get(topic) ?? new Set();
      const entry = () => listener();
      listeners.set(topic, set.add(entry));
      return () => set.delete(entry);
    },
  };
}

/** The same unit of work, under the eyes of those who check what is heard. */
const watched = (world: World, uow: Uow): Uow => ({
  ...uow,
  machines: {
    ...uow.machines,
    async seen(id, epoch, at) {
      const current = await uow.machines.seen(id, epoch, at);
      if (current) world.checks.heard(id, epoch);
      return current;
    },
  },
});

/** A sender's store that belongs to a process: durable, but a dead process hears nothing of it. */
const ownedBy = (process: SimProcess, store: SenderStore): SenderStore => ({
  add: (request) => process.guard(store.add(request)),
  unfinished: () => process.guard(store.unfinished()),
  save: (record) => process.guard(store.save(record)),
  find: (intent) => process.guard(store.find(intent)),
});

/** Starts a coordinator in the process. Resolves once it serves; waits for the chain's answers first. */
export async function startCoordinator(world: World, process: SimProcess): Promise<RunningCoordinator> {
  const { clock, random } = process;
  const { place, database, events, blobs } = world;
  const trouble = (what: string) => (error: unknown) => world.note(process, what, error);
  const tell = (fields: unknown, what?: string) => world.note(process, what ?? "", (fields as { err?: unknown }).err);
  const log = { warn: tell, error: tell, debug: () => undefined, info: () => undefined };
  const { endpoints, reader } = chainFor(process, place, world.nodesFor(process), world.finality);
  const notifier = notifierOf(world, process);
  const unitOfWork = (tx: SimTransaction): Uow => watched(world, world.mutations.uow(simUnitOfWork(tx, events)));
  const store: MarketStore = { transaction: (run) => database.transaction(process, (tx) => run(unitOfWork(tx))) };
  const context: MarketContext = {
    domain: { chainId: place.chainId, market: place.market },
    unitRegistry: zeroAddress,
    ...(await readAgain(process, () => readMarket(reader, place.market))),
    clock,
    random,
    chain: reader,
    blobSize: async (owner, hash) => blobs.owned(owner, hash),
  };
  const gateway: Gateway = createGateway({
    context,
    store,
    notifier,
    issueToken: async (provider, machine) => agentToken(provider, machine),
    register: async () => undefined,
    reported: async () => undefined,
    onTrouble: (error) => trouble("an agent's connection is in trouble")(error),
  });
  const stopping = new AbortController();
  const sender = new Sender({
    signer: signerFor(operator().address),
    reader: world.mutations.senderReader(reader),
    wire: createWire(endpoints),
    store: ownedBy(process, world.mutations.senderStore(countedSenderStore(world.io, process, world.senderStore))),
    clock,
    hashOf: (raw) => keccak256(raw),
    onProblem: (intent, problem) => trouble(`${intent} is held up`)(problem),
  });
  const follower = new Follower<Uow>({
    reader,
    store: simFollowerStore(database, unitOfWork, process),
    addresses: [place.market],
    clock,
    onProblem: trouble("the chain could not be followed"),
    handlers: world.mutations.handlers({
      async log(uow, raw) {
        const event = decodeMarketEvent(raw);
        if (event !== undefined) await takeEvents(uow, context, [event]);
      },
      async undone(uow, blocks) {
        const [first] = blocks;
        if (first !== undefined) await takeBack(uow, context, first.number);
      },
    }),
  });
  const parts: MarketParts = {
    platform: {
      clock,
      events: countedEvents(world.io, process, events.log()),
      notifier,
      config: { publicRpcUrl: undefined },
      deployment: {
        leaseMarket: place.market,
        unitRegistry: zeroAddress,
        accessManager: zeroAddress,
        gpToken: place.gp,
      },
      accounts: { reserveSpend: async () => undefined },
    },
    context,
    store,
    // The handle means nothing to the routes: they pass it on to whoever stores their answers.
    transact: (work) => database.transaction(process, (tx) => work(unitOfWork(tx), tx as unknown as Tx)),
    gateway,
    operator: lower(operator().address),
  };
  const api = new HttpApi({
    clock,
    random,
    log,
    limiter: tokenBuckets(clock, PLENTY),
    idempotency: world.mutations.idempotency(simIdempotency(database, process)),
    authenticate: async (token) => callerOf(token),
    observe: () => undefined,
    corsOrigins: [],
    https: false,
    checkResponses: false,
    stopping: stopping.signal,
  });
  for (const bind of [bindMarket, bindWorkloads, bindPayments, bindMandates]) bind(api, parts);
  api.bind(getAccount, ({ caller }) => accountView(store, context, caller.account));
  await sender.start();
  follower.start();
  const work = runWork(
    {
      platform: { clock, notifier, log, jobs: { work: async () => undefined } },
      context,
      store,
      writer: world.mutations.writer(sender),
      follower,
      gateway: {
        ...gateway,
        probe(machine, lease, nonce) {
          world.checks.asks(lease);
          return gateway.probe(machine, lease, nonce);
        },
      },
      operator: operator(),
      keys: createLeaseKeys(operator().privateKey),
      run: toHex(random.bytes(16)),
    },
    stopping.signal,
  );
  work.catch(trouble("background work ended"));
  return {
    process,
    follower,
    handle: (request) => api.app.fetch(request),
    serve: (connection) => void gateway.serve(connection).catch(trouble("an agent could not be served")),
    async stop() {
      stopping.abort();
      await gateway.close();
      await sender.stop();
      await work.catch(() => undefined);
      await follower.stop();
    },
  };
}

/** A process that does not get the chain's first answers ends and is started again; here it simply asks again. */
async function readAgain<T>(process: SimProcess, read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (codeOf(error) !== "chain-unavailable") throw error;
      await process.clock.sleep(1_000);
    }
  }
}
