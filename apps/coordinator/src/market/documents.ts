import type { OfferRecord, OfferState, Store, UnitOfWork, UnitRecord } from "@corepool/core/ports/store";
import type { ChainLease, LeaseRecord, MandateRecord } from "@corepool/core/ports/store-leases";
import type { AttemptRecord, Placed, WorkloadRecord } from "@corepool/core/ports/store-workloads";
import type { toAgent } from "@corepool/protocol/agent";
import type { OpenInput } from "@corepool/protocol/market/structs";
import type { Refusal } from "@corepool/protocol/resources";
import type {
  Constraints,
  JobSpec,
  MandateMessage,
  OutputFile,
  SignedOffer,
  TermsMessage,
  UnitSpec,
  UsageReport,
} from "@corepool/protocol/spec";
import type { z } from "zod";

/** The wire documents that this coordinator's records carry. */
export interface MarketDocuments {
  readonly jobSpec: JobSpec;
  readonly constraints: Constraints;
  readonly unitSpec: UnitSpec;
  readonly signedOffer: SignedOffer;
  readonly refusal: Refusal;
  readonly outputFile: OutputFile;
  readonly usageReport: UsageReport;
  readonly terms: TermsMessage;
  readonly opening: OpenInput;
  readonly mandate: MandateMessage;
  readonly message: z.input<typeof toAgent>;
}

export type MarketStore = Store<MarketDocuments>;
export type Uow = UnitOfWork<MarketDocuments>;
export type Workload = WorkloadRecord<MarketDocuments>;
export type Attempt = AttemptRecord<MarketDocuments>;
export type Lease = LeaseRecord<MarketDocuments>;
export type OnChain = ChainLease<MarketDocuments>;
export type Unit = UnitRecord<MarketDocuments>;
export type Offer = OfferRecord<MarketDocuments>;
export type OfferWithState = OfferState<MarketDocuments>;
export type PlacedOffer = Placed<MarketDocuments>;
export type Mandate = MandateRecord<MarketDocuments>;
