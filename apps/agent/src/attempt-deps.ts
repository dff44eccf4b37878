import type { Hex } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import type { Clock } from "@corepool/core/ports/clock";
import type { Runtime } from "@corepool/core/ports/runtime";
import type { Signer } from "@corepool/core/ports/signer";
import type { MarketDomain } from "@corepool/protocol/eip712";
import type { UsageReport } from "@corepool/protocol/spec";
import type { ChainTime } from "./chain-time.ts";
import type { Gateway } from "./gateway.ts";
import type { Journal } from "./journal.ts";
import type { BlobTransfer, InputStore, KeyAgreement, Log, Settler } from "./ports.ts";
import type { SlotPool } from "./slots.ts";

/** What every attempt works with. */
export interface AttemptDeps {
  readonly domain: MarketDomain;
  readonly clock: Clock;
  readonly runtime: Runtime;
  readonly chain: ChainReader;
  readonly signer: Signer;
  readonly keys: KeyAgreement;
  readonly journal: Journal;
  readonly gateway: Pick<Gateway, "connected" | "logTurns" | "post" | "tell">;
  readonly blobs: BlobTransfer;
  readonly inputs: InputStore;
  readonly slots: SlotPool;
  readonly log: Log;
  readonly chainTime: ChainTime;
  readonly settler: Settler;
  /** How long after the end and the grace for the last note the coordinator has to close a lease before the provider does it himself. */
  readonly closePatienceSeconds: number;
  /** How often running workloads are measured, milliseconds; never when left out. */
  readonly sampleMs?: number;
  readonly signReport: (report: UsageReport) => Promise<Hex>;
}
