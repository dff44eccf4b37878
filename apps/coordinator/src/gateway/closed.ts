import type { Hex } from "@corepool/core/hex";
import type { Uow } from "../market/documents.ts";
import type { Answer } from "./handle.ts";

/** Attempts that the agent still keeps and may forget: their leases are closed for good. */
export async function tellClosed(
  uow: Uow,
  machine: Hex,
  attempts: readonly { readonly attempt: string; readonly state: string }[],
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const { finalized } = await uow.chain.progress();
  for (const { attempt: id, state } of attempts) {
    if (state !== "ended") continue;
    const attempt = await uow.attempts.get(id);
    if (attempt === undefined || attempt.machine !== machine) continue;
    const chain = await uow.chain.lease(attempt.lease);
    // A re-org took its opening back, and it did not come again.
    const lost = chain === undefined && (await uow.leases.get(attempt.lease))?.state === "failed";
    const closed = chain !== undefined && chain.closeBlock !== null && chain.closeBlock <= finalized;
    if (!lost && !closed) continue;
    answers.push({ type: "closed", body: { attempt: id, lease: attempt.lease, paid: String(chain?.paid ?? 0n) } });
  }
  return answers;
}
