import { CITED } from "@corepool/contracts/gas/cited";
import { measure } from "@corepool/contracts/gas/measure";

/**
 * `bench gas`: what the lease market costs on every path, beside peers' figures, which are cited and not measured here.
 * `lease.open.single`: relayed, an offer out of a signed batch of 16, a recycled unit, warm ledger entries.
 * `lease.whole.single`: that and the provider's own last note, which ends the lease; `…relayed`: both parties' signatures,
 * sent by anyone.
 */
export async function run(print: (name: string, value: number, unit: string) => void): Promise<void> {
  const figures = await measure();
  for (const [name, value] of Object.entries(figures))
    print(name, value, name.includes("created_slots") ? "slots" : "gas");
  for (const [name, value] of Object.entries(CITED)) print(name, value, "gas");
}
