import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Deployment } from "@corepool/chain/deploy/record";
import type { Endpoints } from "@corepool/chain/endpoints";
import type { Address, BlobHash } from "@corepool/core/hex";
import type { Blobs } from "@corepool/core/ports/blobs";
import type { ChainReader } from "@corepool/core/ports/chain";
import type { Clock } from "@corepool/core/ports/clock";
import type { Notifier } from "@corepool/core/ports/notifier";
import type { Random } from "@corepool/core/ports/random";
import type { AccountView } from "@corepool/protocol/resources";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Accounts } from "../accounts/accounts.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database/database.ts";
import type { EventLog } from "./events/event-log.ts";
import type { Api, Caller } from "./http/call.ts";
import type { PostgresJobs } from "./jobs/jobs.adapter.ts";

/** What the process frame hands to the market's own parts. */
export interface Platform {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The endpoints of the chain, and reading it by the configured finality. */
  readonly endpoints: Endpoints;
  readonly chain: ChainReader;
  readonly deployment: Deployment;
  readonly metrics: Registry;
  readonly database: Database;
  readonly notifier: Notifier;
  readonly jobs: PostgresJobs;
  readonly events: EventLog;
  readonly blobs: Blobs;
  readonly accounts: Accounts;
  /** Aborted when the process begins to stop. */
  readonly stopping: AbortSignal;
}

/** What the market's own parts (machines, offers, workloads, leases, payments, gateway) give to the process frame. */
export interface Market {
  /** Binds every route of the market. */
  bind(api: Api): void;
  /** Balances and counters of an account, for `getAccount`. */
  account(address: Address): Promise<AccountView>;
  /**
   * Whether the caller may read the blob for a reason beyond having uploaded it: it is an output of a workload of the
   * account, or an input of an attempt that lives on the calling agent's machine.
   */
  mayReadBlob(caller: Caller, hash: BlobHash): Promise<boolean>;
  /** Takes over a WebSocket upgrade; false when the path is none of its own. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Starts background work: follower, sender, relay, settlement. Modes `all` and `worker`. */
  startWork(): Promise<void>;
  /** Why the market is not ready; empty when it is. */
  notReady(): Promise<readonly string[]>;
  /** Stops work in progress and closes connections; everything unfinished is in the database. */
  stop(): Promise<void>;
}
