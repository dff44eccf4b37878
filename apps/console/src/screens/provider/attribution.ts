import { leaseId, type MarketDomain } from "@corepool/protocol/eip712";
import type { LedgerEntry, MachineView } from "@corepool/protocol/resources";

/** Leases of a unit that are looked for beyond those that earned something: they may have paid nothing, or elsewhere. */
const MORE = 16;
/** Names that are made at most, so that the page stays quick; older leases are then told without a machine. */
const MOST = 20_000;

/**
 * Tells which machine each lease belongs to, from the name that the chain gives it: the hash of provider, unit and a
 * counter of the unit's leases, from 0. Nothing has to be asked. Only leases in `wanted` are returned.
 */
export function machineOfLease(
  domain: MarketDomain,
  machines: readonly MachineView[],
  wanted: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let made = 0;
  for (const machine of machines)
    for (const { unit } of machine.units) {
      let missed = 0;
      for (let seq = 0; missed < MORE && found.size < wanted.size && made < MOST; seq++, made++) {
        const lease = leaseId(domain, machine.provider, BigInt(unit), seq);
        if (wanted.has(lease)) found.set(lease, machine.id);
        else missed++;
      }
    }
  return found;
}

/** Sums of earnings by token (lower case), base units. */
export type Sums = ReadonlyMap<string, bigint>;

/** What entries of kind `earning` add up to. */
export function sumsOf(entries: readonly LedgerEntry[]): Sums {
  const sums = new Map<string, bigint>();
  for (const { token, cash } of entries)
    sums.set(token.toLowerCase(), (sums.get(token.toLowerCase()) ?? 0n) + BigInt(cash));
  return sums;
}

/** What each machine has earned, of entries of kind `earning`; under `""` what belongs to none that is known. */
export function earnedBy(
  entries: readonly LedgerEntry[],
  machineOf: ReadonlyMap<string, string>,
): ReadonlyMap<string, Sums> {
  const groups = Map.groupBy(entries, ({ lease }) => machineOf.get(lease ?? "") ?? "");
  return new Map([...groups].map(([machine, own]) => [machine, sumsOf(own)]));
}
