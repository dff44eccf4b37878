import type { WorkloadView } from "@corepool/protocol/resources";
import {
  acceptPlacement as acceptPlacementRoute,
  cancelWorkload as cancelWorkloadRoute,
  explainPlacement,
  getReceipt,
  getWorkload,
  listOutputs,
  listWorkloads,
  replaceWorkload as replaceWorkloadRoute,
  streamEvents,
  streamLogs,
  submitWorkload as submitWorkloadRoute,
} from "@corepool/protocol/routes/workloads";
import { zeroAddress } from "viem";
import { checkCovers, checkInForce, standingIfKnown } from "../mandates/coverage.ts";
import { ownMandate } from "../mandates/own.ts";
import { MANDATES_WAKE } from "../mandates/topics.ts";
import { secondsOf } from "../market/context.ts";
import { inTransaction, type MarketParts } from "../market/parts.ts";
import { accountTopic } from "../market/store.ts";
import { resumeAt } from "../platform/events/follow-topic.ts";
import type { Api } from "../platform/http/call.ts";
import { pager } from "../platform/http/page.ts";
import { lastEventId, sse } from "../platform/http/sse.ts";
import { acceptPlacement, readLedger } from "./accept.ts";
import { cancelWorkload } from "./cancel.ts";
import { streamEventsOf } from "./event-stream.ts";
import { streamLog } from "./log-stream.ts";
import type { Acceptance } from "./order-checks.ts";
import { ownWorkload } from "./own.ts";
import { placementView, requestOf, weigh } from "./place.ts";
import { receiptOf } from "./receipt.ts";
import { replaceWorkload } from "./replace.ts";
import { checkInputs, submitWorkload } from "./submit.ts";
import { workloadView } from "./views.ts";

/** Binds the routes of workloads. */
export function bindWorkloads(api: Api, parts: MarketParts): void {
  const { context, platform } = parts;
  bindReading(api, parts);

  api.bind(submitWorkloadRoute, async ({ caller, body, settle }) => {
    await checkInputs(context, caller.account, body.spec);
    const mandate = body.mandate ?? null;
    // Read outside of the transaction: no row is held while the chain is asked.
    const granted =
      mandate === null ? undefined : await inTransaction(parts, (uow) => ownMandate(uow, caller.account, mandate));
    const standing = granted === undefined ? undefined : await standingIfKnown(context, granted.mandate);
    return inTransaction(parts, async (uow, tx) => {
      if (mandate !== null) {
        checkInForce(context, await ownMandate(uow, caller.account, mandate), standing);
        await uow.wake(MANDATES_WAKE);
      }
      const workload = await submitWorkload(uow, context, caller.account, { ...body, mandate });
      if (granted !== undefined && workload.placed !== null)
        await checkCovers(uow, context, granted, workload.placed, standing?.slot);
      // Under a mandate nobody signs an order by this key any more: its escrow counts now.
      if (mandate !== null) await platform.accounts.reserveSpend(tx, caller, workload.placed?.escrow ?? 0n);
      return settle(tx, await workloadView(uow, workload));
    });
  });

  api.bind(explainPlacement, async ({ caller, body }) => {
    const account = caller?.account ?? zeroAddress;
    const request = requestOf(body.spec, body.constraints, account, secondsOf(context.clock), context.tokens);
    return inTransaction(parts, async (uow) => placementView(await weigh(uow, context, request), request));
  });

  api.bind(acceptPlacementRoute, async ({ caller, params, body, settle }) => {
    const { order, signature, leasePublicKey, binding, unitProof, mandate } = body;
    const acceptance: Acceptance = {
      order,
      signature,
      leasePublicKey,
      binding,
      unitProof,
      ...(mandate === undefined
        ? {}
        : {
            mandate: { id: null, evidence: { mandate: mandate.mandate, sig: mandate.signature, proof: mandate.proof } },
          }),
    };
    const ledger = await readLedger(context, acceptance);
    return inTransaction(parts, async (uow, tx) => {
      const spend = (amount: bigint) => platform.accounts.reserveSpend(tx, caller, amount);
      const workload = await acceptPlacement(uow, context, caller.account, params.id, acceptance, ledger, spend);
      return settle(tx, await workloadView(uow, workload));
    });
  });

  api.bind(replaceWorkloadRoute, ({ caller, params, settle }) =>
    inTransaction(parts, async (uow, tx) =>
      settle(tx, await workloadView(uow, await replaceWorkload(uow, context, caller.account, params.id))),
    ),
  );

  api.bind(cancelWorkloadRoute, ({ caller, params, settle }) =>
    inTransaction(parts, async (uow, tx) =>
      settle(tx, await workloadView(uow, await cancelWorkload(uow, context, caller.account, params.id))),
    ),
  );
}

function bindReading(api: Api, parts: MarketParts): void {
  const { context, platform, store } = parts;
  const { notifier, events, clock } = platform;

  api.bind(listWorkloads, async ({ caller, query }) => {
    const { limit, cursor, state } = query;
    const list = pager(`listWorkloads ${caller.account}`, { state });
    const after = list.after(cursor);
    const before = after === undefined ? undefined : { createdAt: after.at, id: after.id };
    return inTransaction(parts, async (uow) => {
      const rows = await uow.workloads.page(caller.account, state, { limit: limit + 1, before });
      const data: WorkloadView[] = [];
      for (const row of rows.slice(0, limit)) data.push(await workloadView(uow, row));
      return {
        ...list.page(
          rows,
          limit,
          (row) => ({ at: row.createdAt, id: row.id }),
          ({ id }) => id,
        ),
        data,
      };
    });
  });

  api.bind(getWorkload, ({ caller, params }) =>
    inTransaction(parts, async (uow) => workloadView(uow, await ownWorkload(uow, caller.account, params.id))),
  );

  api.bind(listOutputs, ({ caller, params }) =>
    inTransaction(parts, async (uow) => ({ data: [...(await ownWorkload(uow, caller.account, params.id)).outputs] })),
  );

  api.bind(getReceipt, ({ caller, params }) =>
    inTransaction(parts, async (uow) => receiptOf(uow, context, await ownWorkload(uow, caller.account, params.id))),
  );

  api.bind(streamEvents, async ({ caller, query, request, signal, stillAllowed }) => {
    const { workload } = query;
    if (workload !== undefined) await inTransaction(parts, (uow) => ownWorkload(uow, caller.account, workload));
    const from = await resumeAt(events, accountTopic(caller.account), lastEventId(request));
    return sse({ clock, signal, stillAllowed }, (writer) =>
      streamEventsOf({ events, notifier, clock }, caller.account, { workload, ...from }, writer),
    );
  });

  api.bind(streamLogs, async ({ caller, params, query, request, signal, stillAllowed }) => {
    await inTransaction(parts, (uow) => ownWorkload(uow, caller.account, params.id));
    const resumed = Number(lastEventId(request) ?? Number.NaN);
    const offset = Number.isSafeInteger(resumed) && resumed >= 0 ? resumed : query.offset;
    return sse({ clock, signal, stillAllowed }, (writer) =>
      streamLog({ store, notifier, clock }, params.id, { offset, follow: query.follow === "true" }, writer),
    );
  });
}
