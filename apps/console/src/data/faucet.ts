import { CorepoolError } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { getGrant, requestFunds } from "@corepool/protocol/routes/faucet";
import { systemClock } from "@corepool/sdk/adapters/system";
import { call } from "./client.ts";
import { keyOf, queries } from "./query.ts";

const LOOK_MS = 500;
/** A grant is two or three transactions, each some blocks. */
const PATIENCE_MS = 60_000;

/** Asks a local market's faucet for test funds and waits until they are there. Rejects with what the faucet says. */
export async function takeTestFunds(address: Address): Promise<void> {
  const begun = systemClock.monotonic();
  let grant = await call(requestFunds, { body: { address } });
  while (grant.state === "queued") {
    if (systemClock.monotonic() - begun > PATIENCE_MS)
      throw new CorepoolError("faucet-empty", {
        detail: "The faucet has not paid yet.",
        next: "Look at your balance in a minute.",
      });
    await systemClock.sleep(LOOK_MS);
    grant = await call(getGrant, { params: { id: grant.id } });
  }
  if (grant.state === "failed")
    throw new CorepoolError("faucet-empty", { detail: grant.detail ?? "The faucet could not pay." });
  await queries.invalidateQueries({ queryKey: keyOf(getAccount) });
}
