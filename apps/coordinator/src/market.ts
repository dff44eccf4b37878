import { readFile } from "node:fs/promises";
import { CorepoolError } from "@corepool/core/errors";
import { type Hex, toHex } from "@corepool/core/hex";
import type { Signer } from "@corepool/core/ports/signer";
import { digestOf } from "@corepool/protocol/eip712";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { bindAccountStream } from "./accounts/stream.ts";
import { bindNetwork } from "./analytics/routes.ts";
import { bindBilling } from "./billing/routes.ts";
import { Faucet } from "./faucet/faucet.ts";
import { bindFaucet } from "./faucet/routes.ts";
import { createGateway } from "./gateway/gateway.ts";
import { Seats } from "./gateway/seats.ts";
import { createUpgrade } from "./gateway/socket.adapter.ts";
import { bindOwnMachines } from "./machines/own-routes.ts";
import { callsOf } from "./machines/register.ts";
import { bindMachines } from "./machines/routes.ts";
import { createLeaseKeys } from "./mandates/lease-keys.ts";
import { bindMandates } from "./mandates/routes.ts";
import { accountView } from "./market/account.ts";
import { createFollower, createSender } from "./market/chain-work.ts";
import { lower, type MarketContext } from "./market/context.ts";
import { readMarket } from "./market/listed-tokens.ts";
import type { MarketParts } from "./market/parts.ts";
import { bindMarket } from "./market/routes.ts";
import { postgresStore, unitOfWork } from "./market/store.ts";
import { REGISTRATIONS, runWork } from "./market/work.ts";
import { bindOffers } from "./offers/routes.ts";
import { bindPayments } from "./payments/routes.ts";
import type { Market, Platform } from "./platform/parts.ts";
import { bindRecords } from "./workloads/records-routes.ts";
import { bindWorkloads } from "./workloads/routes.ts";
import { Samples } from "./workloads/samples.ts";

async function readKey(file: string): Promise<{ readonly key: Hex; readonly account: PrivateKeyAccount }> {
  try {
    const key = (await readFile(file, "utf8")).trim() as Hex;
    return { key, account: privateKeyToAccount(key) };
  } catch (cause) {
    // The message must not carry the file's contents.
    throw new CorepoolError("setup-failed", {
      detail: `The relayer's key cannot be read from ${file}.`,
      next: "Point COREPOOL_RELAYER_KEY_FILE at a file with 0x and 64 hexadecimal digits.",
      cause: cause instanceof Error ? cause.name : undefined,
    });
  }
}

/** Builds machines, offers, workloads, leases and payments on the process frame. */
export async function buildMarket(platform: Platform): Promise<Market> {
  const { config, clock, random, log, chain, deployment, database, events, accounts, blobs } = platform;
  const { key, account } = await readKey(config.relayerKeyFile);
  const store = postgresStore(database, events);
  const context: MarketContext = {
    domain: { chainId: deployment.chainId, market: deployment.leaseMarket },
    unitRegistry: deployment.unitRegistry,
    ...(await readMarket(chain, deployment.leaseMarket)),
    refusedWeaknesses: config.refusedWeaknesses,
    clock,
    random,
    chain,
    async blobSize(owner, hash) {
      const owned = await accounts.ownedBlobSize(owner, hash);
      if (owned !== undefined) return owned;
      const produced = await store.transaction((uow) => uow.workloads.hasOutput(owner, hash));
      return produced ? blobs.size(hash) : undefined;
    },
  };
  const operator: Signer = {
    address: account.address,
    signTypedData: (data) => account.sign({ hash: digestOf(data) }),
    signMessage: (message) => account.signMessage({ message }),
  };
  const samples = new Samples(database, clock);
  const gateway = createGateway({
    context,
    store,
    notifier: platform.notifier,
    issueToken: (provider, machine) => accounts.issueAgentToken(provider, machine),
    register: (registration) => platform.jobs.send(REGISTRATIONS, { calls: callsOf(registration) }),
    reported: (machine, outputs) => accounts.deliveryReported(machine, outputs),
    sampled: (attempt, sample) => samples.take(attempt, sample),
    onTrouble: (error, machine) => log.warn({ err: error, machine }, "an agent's connection is in trouble"),
  });
  const faucet = new Faucet({ platform, tokens: context.tokens });
  const parts: MarketParts = {
    platform,
    faucet,
    context,
    store,
    transact: (work) => database.transaction((tx) => work(unitOfWork(tx, events), tx)),
    gateway,
    operator: lower(account.address),
  };
  const seats = new Seats({
    connections: config.agentConnections,
    waitingPerAddress: config.agentsWaitingPerAddress,
    machinesPerAddress: config.machinesPerAddress,
    machinesPerProvider: config.machinesPerProvider,
  });
  const upgrade = createUpgrade(seats, (connection, seat) =>
    gateway
      .serve(connection, seat)
      .catch((error: unknown) => log.error({ err: error }, "an agent could not be served")),
  );
  const follower = createFollower(platform, context);
  const sender = createSender(platform, account);
  const stopping = new AbortController();
  let work: Promise<void> | undefined;

  return {
    bind(api) {
      for (const bind of [bindMarket, bindOffers, bindMachines, bindWorkloads, bindPayments, bindMandates])
        bind(api, parts);
      bindFaucet(api, faucet);
      bindAccountStream(api, platform);
      bindOwnMachines(api, { database, clock });
      bindNetwork(api, { database, context });
      bindRecords(api, { store, database, samples });
      bindBilling(api, { database, store, context });
    },
    account: (address) => accountView(store, context, address),
    mayReadBlob: (caller, hash) =>
      store.transaction(async (uow) => {
        if (caller.machine !== undefined) return uow.workloads.isInputOn(lower(caller.machine), hash);
        return uow.workloads.hasOutput(caller.account, hash);
      }),
    upgrade,
    async startWork() {
      await sender.start();
      follower.start();
      work = runWork(
        {
          platform,
          context,
          store,
          gateway,
          writer: sender,
          faucet,
          follower,
          operator,
          keys: createLeaseKeys(key),
          run: toHex(random.bytes(16)),
        },
        stopping.signal,
      );
      work.catch((error: unknown) => log.error({ err: error }, "background work ended"));
    },
    async notReady() {
      if (config.mode === "api" || follower.status.caughtUp) return [];
      const { cursor, head } = follower.status;
      return [`the chain is followed up to block ${cursor} of ${head ?? "?"}`];
    },
    async stop() {
      stopping.abort(new CorepoolError("interrupted", { detail: "The coordinator stops." }));
      await gateway.close();
      await sender.stop();
      await work?.catch(() => undefined);
      await follower.stop();
    },
  };
}
