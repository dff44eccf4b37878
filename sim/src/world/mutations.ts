import type { ChainTime } from "@corepool/agent/chain-time";
import type { JournalStore } from "@corepool/agent/ports";
import type { Handlers } from "@corepool/chain/follower/follower";
import type { SenderStore } from "@corepool/chain/sender/store";
import type { Uow } from "@corepool/coordinator/market/documents";
import type { Idempotency } from "@corepool/coordinator/platform/http/idempotency";
import type { ChainReader, ChainWriter } from "@corepool/core/ports/chain";
import type { Clock } from "@corepool/core/ports/clock";
import type { Runtime } from "@corepool/core/ports/runtime";
import type { Transport } from "@corepool/core/ports/transport";
import type { Fetch } from "@corepool/sdk/client";
import type { SimProcess } from "./process.ts";

/**
 * Where a planted bug takes hold: each wraps a port of the product's parts on its way in. In a world without a bug every
 * one hands through what it is given.
 */
export interface Mutations {
  uow(given: Uow): Uow;
  senderStore(given: SenderStore): SenderStore;
  handlers(given: Handlers<Uow>): Handlers<Uow>;
  idempotency(given: Pick<Idempotency, "begin">): Pick<Idempotency, "begin">;
  writer(given: ChainWriter): ChainWriter;
  journal(given: JournalStore, process: SimProcess): JournalStore;
  transport(given: Transport): Transport;
  runtime(given: Runtime): Runtime;
  agentClock(given: Clock): Clock;
  chainTime(given: ChainTime): ChainTime;
  senderReader(given: ChainReader): ChainReader;
  /** What is done when the line for notifications has come back. */
  listensAgain(given: () => void): () => void;
  http(given: Fetch): Fetch;
}

export const NO_MUTATION: Mutations = {
  uow: (given) => given,
  senderStore: (given) => given,
  handlers: (given) => given,
  idempotency: (given) => given,
  writer: (given) => given,
  journal: (given) => given,
  transport: (given) => given,
  runtime: (given) => given,
  agentClock: (given) => given,
  chainTime: (given) => given,
  senderReader: (given) => given,
  listensAgain: (given) => given,
  http: (given) => given,
};
