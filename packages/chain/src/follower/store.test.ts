import { memoryHarness, postgresHarness } from "../testing/follower-harness.ts";
import { followerStoreConformance } from "../testing/follower-store-conformance.ts";

followerStoreConformance("memory", memoryHarness);
followerStoreConformance("PostgreSQL", postgresHarness);
