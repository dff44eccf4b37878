import { keySigner } from "@corepool/sdk/adapters/key";
import { systemClock, systemFetch, systemRandom } from "@corepool/sdk/adapters/system";
import { createClient } from "@corepool/sdk/client";
import { signInWith } from "@corepool/sdk/sign-in";
import type { BrowserContext } from "playwright-core";
import type { Hex } from "viem";

/**
 * Has the pages of a context begin signed in with a key, as after a reload; the key itself stays here.
 * @param url the coordinator's own address, as its market file names it
 */
export async function signedIn(url: string, privateKey: Hex): Promise<(context: BrowserContext) => Promise<void>> {
  const signer = keySigner(privateKey);
  const client = createClient({ url, clock: systemClock, random: systemRandom, fetch: systemFetch });
  const { token, expiresAt } = await signInWith(client, signer);
  const identity = JSON.stringify({ kind: "wallet", address: signer.address, label: "Test wallet", token, expiresAt });
  return async (context) => {
    await context.addInitScript((value) => sessionStorage.setItem("corepool.identity", value), identity);
  };
}
