import { sameAddress } from "@corepool/core/hex";
import type { Signer } from "@corepool/core/ports/signer";
import { domainOf } from "@corepool/protocol/eip712";
import type { Market } from "@corepool/protocol/resources";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { getMarket } from "@corepool/protocol/routes/market";
import { getWorkload, listWorkloads } from "@corepool/protocol/routes/workloads";
import { call as callWith } from "@corepool/sdk/call";
import { isLive, type MarketChain } from "@corepool/sdk/chain";
import { type Client, patient } from "@corepool/sdk/client";
import { type KeptJob, keptJobOf, orderedOf } from "@corepool/sdk/kept-job";
import { attendWorkload, type Ordered, type RunContext, type RunEvent } from "@corepool/sdk/run";
import { client } from "../data/client.ts";
import { checkMarket } from "../data/known-market.ts";
import { keyOf, queries } from "../data/query.ts";
import { marketsChain } from "../identity/chain.ts";
import { keyError } from "../identity/failure.ts";
import { keyHome } from "../identity/identity.ts";
import { hiddenClock } from "./clock.ts";
import { forgetJob, keepJob, keptJobNamed } from "./kept.ts";
import { dropWatch, patchWatch, putWatch, watchedOf } from "./watches.ts";

let clock: ReturnType<typeof hiddenClock> | undefined;

/** The key of whoever is signed in, opened only when an order has to be signed: a watch needs none. */
function lateSigner(address: KeptJob["client"]): Signer {
  return {
    address,
    signTypedData: async (data) => (await keyHome()).signer.signTypedData(data),
    signMessage: async (message) => (await keyHome()).signer.signMessage(message),
  };
}

/** Asks the chain itself whether a lease is live, at the market's own endpoint; it is reached when it is first asked. */
function liveOn(market: Market): NonNullable<RunContext["isLive"]> {
  let chain: MarketChain | undefined;
  return async (terms) => {
    chain ??= await marketsChain(market);
    return isLive(chain, terms);
  };
}

/**
 * The market that a job was ordered in, as its coordinator tells it now: nothing is signed again for another one. Waited
 * for as long as the coordinator is away. Rejects (`other-market`) when it tells of another.
 */
async function marketOf({ lease }: Ordered, patientClient: Client, signal: AbortSignal): Promise<Market> {
  const market = await callWith(patientClient, getMarket, {}, { signal });
  const now = domainOf(market);
  if (now.chainId !== lease.domain.chainId || !sameAddress(now.market, lease.domain.market))
    throw keyError("other-market", `The job was ordered in ${lease.domain.market} on chain ${lease.domain.chainId}.`);
  checkMarket(market);
  return market;
}

async function attend(job: KeptJob, signal: AbortSignal): Promise<void> {
  clock ??= hiddenClock();
  const { saved } = orderedOf(job);
  let { ordered } = orderedOf(job);
  const market = await marketOf(ordered, patient({ ...client, clock }, Number.POSITIVE_INFINITY, 15_000), signal);
  const keep = (next: Ordered): Promise<void> => {
    ordered = next;
    const fresh = keptJobOf(client.url, next, { provenMs: 0, total: 0n });
    putWatch(watchedOf(fresh, "here"));
    return keepJob(fresh);
  };
  const on = (event: RunEvent): void => {
    if (event.type === "note") {
      patchWatch(job.workload, { paid: event.total, trouble: undefined });
      // A note that is not kept is signed again from the one before: nothing is lost but a write.
      keepJob(keptJobOf(client.url, ordered, event)).catch(() => undefined);
    } else if (event.type === "withheld" || event.type === "unplaced")
      patchWatch(job.workload, { trouble: event.detail });
  };
  await attendWorkload(
    {
      client: { ...client, clock },
      market,
      signer: lateSigner(job.client),
      keep,
      on,
      isLive: market.rpcUrl === null ? undefined : liveOn(market),
      signal,
    },
    ordered,
    { saved, logs: false },
  );
}

const lockOf = (workload: string): string => `corepool.watch.${workload}`;

/**
 * Forgets a job unless another tab of this browser pays it now. Resolves with whether it is forgotten.
 */
export async function letGo(workload: string): Promise<boolean> {
  const forget = async (): Promise<boolean> => {
    await forgetJob(workload);
    dropWatch(workload);
    return true;
  };
  if (navigator.locks === undefined) return forget();
  return navigator.locks.request(lockOf(workload), { ifAvailable: true }, (lock) => lock !== null && forget());
}

/**
 * Pays a job to its end from this tab, or waits for its turn while another tab does: whoever holds the lock of a
 * workload is its watch. A tab that is closed gives its locks back.
 */
export async function attendKept(workload: string, signal: AbortSignal): Promise<void> {
  const paying = async (): Promise<void> => {
    // What another tab has paid meanwhile, or that it ended.
    const job = await keptJobNamed(workload);
    if (job === undefined) return dropWatch(workload);
    putWatch(watchedOf(job, "here"));
    try {
      await attend(job, signal);
    } catch (error) {
      if (!signal.aborted)
        patchWatch(workload, { by: "stopped", trouble: error instanceof Error ? error.message : String(error) });
      return;
    }
    await forgetJob(workload);
    dropWatch(workload);
    for (const queryKey of [keyOf(getWorkload, { params: { id: workload } }), keyOf(listWorkloads), keyOf(getAccount)])
      void queries.invalidateQueries({ queryKey });
  };
  // Browsers have locks only where a connection is secure; elsewhere two tabs may both pay, which costs nothing more.
  if (navigator.locks === undefined) return paying();
  await navigator.locks.request(lockOf(workload), { signal }, paying);
}
