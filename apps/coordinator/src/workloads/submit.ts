import { CorepoolError } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import { newId } from "@corepool/core/ids";
import type { Constraints, JobSpec } from "@corepool/protocol/spec";
import type { MarketContext } from "../market/context.ts";
import type { Uow, Workload } from "../market/documents.ts";
import { chooseOffer } from "./place.ts";

/** Every input must be a whole blob that the account may read, of the size it states. Rejects with `blob-not-found`. */
export async function checkInputs(context: MarketContext, account: Address, spec: JobSpec): Promise<void> {
  const sizes = await Promise.all(spec.inputs.map(({ hash }) => context.blobSize(account, hash)));
  for (const [i, input] of spec.inputs.entries()) {
    if (sizes[i] === undefined) {
      throw new CorepoolError("blob-not-found", {
        detail: `The input ${input.path} names ${input.hash}, which you have not uploaded.`,
        next: "Upload it first: PUT /v1/blobs/{hash}.",
        data: { path: input.path, hash: input.hash },
      });
    }
    if (sizes[i] !== input.sizeBytes) {
      throw new CorepoolError("bad-request", {
        detail: `The input ${input.path} has ${sizes[i]} bytes, not ${input.sizeBytes}.`,
        next: "State the blob's own size.",
        data: { path: input.path, sizeBytes: sizes[i] },
      });
    }
  }
  if (spec.inputs.reduce((sum, input) => sum + input.sizeBytes, 0) > spec.resources.diskBytes) {
    throw new CorepoolError("bad-request", {
      detail: "The inputs are larger than the disk that the workload asks for.",
      next: "Ask for more resources.diskBytes.",
    });
  }
}

/** Stores a new workload with the offer chosen for it. Rejects with `no-placement`, and then nothing is stored. */
export async function submitWorkload(
  uow: Uow,
  context: MarketContext,
  account: Address,
  request: { readonly spec: JobSpec; readonly constraints: Constraints; readonly mandate: string | null },
): Promise<Workload> {
  const { clock, random } = context;
  const placed = await chooseOffer(uow, context, { account, ...request });
  const at = clock.now();
  const workload: Workload = {
    id: newId("wkl", clock, random),
    account,
    state: "pending",
    reason: null,
    detail: null,
    spec: request.spec,
    constraints: request.constraints,
    mandate: request.mandate,
    placed,
    placedAt: at,
    lease: null,
    outputs: [],
    cancelRequested: false,
    createdAt: at,
    endedAt: null,
  };
  await uow.workloads.put(workload);
  await uow.outbox.append({
    account,
    type: "workload.pending",
    workload: workload.id,
    at,
    state: "pending",
    note: null,
  });
  return workload;
}
