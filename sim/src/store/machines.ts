import type {
  Lease,
  MarketDocuments,
  Offer,
  OfferWithState,
  Unit,
  Workload,
} from "@corepool/coordinator/market/documents";
import type { MachineRecord, Machines, Offers, Units } from "@corepool/core/ports/store";
import type { ChainUnit } from "@corepool/core/ports/store-leases";
import type { SimTransaction } from "./database.ts";

export const newestFirst = <T extends { readonly id: string }>(
  rows: readonly T[],
  at: (row: T) => number,
  before: { readonly createdAt: number; readonly id: string } | undefined,
  limit: number,
): readonly T[] =>
  rows
    .filter(
      (row) =>
        before === undefined || at(row) < before.createdAt || (at(row) === before.createdAt && row.id < before.id),
    )
    .sort((a, b) => at(b) - at(a) || (a.id < b.id ? 1 : -1))
    .slice(0, limit);

/** Machines in memory. */
export function simMachines(tx: SimTransaction): Machines {
  const get = (id: string) => tx.get<MachineRecord>("machines", id);
  return {
    async get(id) {
      await tx.statement();
      return get(id);
    },
    async lock(id) {
      await tx.statement();
      if (get(id) === undefined) return undefined;
      await tx.lockRow("machines", id);
      return get(id);
    },
    async put(record) {
      await tx.statement();
      await tx.write("machines", record.id, record);
    },
    async seen(id, epoch, at) {
      await tx.statement();
      if (get(id)?.epoch !== epoch) return false;
      await tx.lockRow("machines", id);
      const now = get(id);
      if (now?.epoch !== epoch) return false;
      await tx.write("machines", id, { ...now, lastSeenAt: at, online: true });
      return true;
    },
    async left(id, epoch) {
      await tx.statement();
      if (get(id)?.epoch !== epoch) return;
      await tx.lockRow("machines", id);
      const now = get(id);
      if (now?.epoch === epoch) await tx.write("machines", id, { ...now, online: false });
    },
    async expire(at) {
      await tx.statement();
      const gone: MachineRecord["id"][] = [];
      const late = (row: MachineRecord | undefined) =>
        row?.online === true && row.lastSeenAt !== null && row.lastSeenAt < at;
      for (const [id, row] of tx.rows<MachineRecord>("machines")) {
        if (!late(row)) continue;
        await tx.lockRow("machines", id);
        const now = get(id);
        if (now === undefined || !late(now)) continue;
        await tx.write("machines", id, { ...now, online: false });
        gone.push(now.id);
      }
      return gone;
    },
  };
}

/** Units in memory. */
export function simUnits(tx: SimTransaction): Units<MarketDocuments> {
  const all = () => tx.rows<Unit>("units");
  return {
    async ofMachines(machines) {
      if (machines.length === 0) return [];
      await tx.statement();
      return all()
        .map(([, unit]) => unit)
        .filter((unit) => machines.includes(unit.machine))
        .sort((a, b) => a.unit - b.unit);
    },
    async elsewhere(provider, machine, units) {
      await tx.statement();
      return all()
        .map(([, row]) => row)
        .filter((row) => row.provider === provider && row.machine !== machine && units.includes(row.unit))
        .map((row) => row.unit);
    },
    async replace(machine, units) {
      await tx.statement();
      for (const [key, row] of all()) if (row.machine === machine) await tx.write("units", key, undefined);
      for (const unit of units) {
        const key = `${unit.provider}:${unit.unit}`;
        await tx.lockRow("units", key);
        if (tx.get("units", key) !== undefined) throw new Error(`duplicate key: unit ${key}`);
        await tx.write("units", key, unit);
      }
    },
  };
}

interface OpenOffer {
  readonly record: Offer;
  readonly open: boolean;
}

const HOLDING: ReadonlySet<string> = new Set(["ordered", "opening", "open", "closing"]);
const overlap = (a: readonly string[], b: readonly string[]) => a.some((each) => b.includes(each));

/** Offers in memory. */
export function simOffers(tx: SimTransaction): Offers<MarketDocuments> {
  const states = (): readonly OfferWithState[] => {
    const units = tx.rows<Unit>("units").map(([, unit]) => unit);
    const leases = tx
      .rows<Lease>("leases")
      .map(([, lease]) => lease)
      .filter(({ state }) => HOLDING.has(state));
    const busy = (unit: Unit) =>
      leases.some((lease) => lease.machine === unit.machine && overlap(lease.devices, unit.devices)) ||
      units.some(
        (other) =>
          other.machine === unit.machine &&
          overlap(other.devices, unit.devices) &&
          tx.get<ChainUnit>("chain_facts", `unit/${other.provider}:${other.unit}`)?.lease != null,
      );
    return tx.rows<OpenOffer>("offers").flatMap(([, { record, open }]) => {
      const unit = tx.get<Unit>("units", `${record.provider}:${record.unit}`);
      const machine = tx.get<MachineRecord>("machines", record.machine);
      if (!open || unit === undefined || machine === undefined) return [];
      return [{ ...record, spec: unit.spec, devices: unit.devices, online: machine.online, busy: busy(unit) }];
    });
  };
  return {
    async get(id) {
      await tx.statement();
      return states().find((offer) => offer.id === id);
    },
    async replace(machine, offers) {
      await tx.statement();
      const rows = tx.rows<OpenOffer>("offers");
      for (const [key, row] of rows) {
        if (row.record.machine === machine && row.open) await tx.write("offers", key, { ...row, open: false });
      }
      for (const record of offers) {
        await tx.lockRow("offers", record.hash);
        const known = tx.get<OpenOffer>("offers", record.hash);
        const kept = known === undefined ? record : { ...known.record, signed: record.signed, machine: record.machine };
        await tx.write("offers", record.hash, { record: kept, open: true });
      }
    },
    async matching(filter, limit, after) {
      await tx.statement();
      const { resources } = { resources: filter };
      return states()
        .filter((offer) => {
          const has = offer.spec.resources;
          return (
            (filter.token === undefined || offer.token === filter.token) &&
            (filter.provider === undefined || offer.provider === filter.provider) &&
            has.cpus >= (resources.cpus ?? 0) &&
            has.memoryBytes >= (resources.memoryBytes ?? 0) &&
            has.diskBytes >= (resources.diskBytes ?? 0) &&
            has.gpus.length >= (resources.gpus ?? 0) &&
            (filter.maxRate === undefined || offer.rate <= filter.maxRate) &&
            (filter.durationSeconds === undefined ||
              (offer.minSeconds <= filter.durationSeconds && offer.maxSeconds >= filter.durationSeconds)) &&
            (filter.at === undefined || (offer.notBefore <= filter.at && offer.expiry >= filter.at)) &&
            (filter.free !== true || (offer.online && !offer.busy))
          );
        })
        .filter((o) => after === undefined || o.rate > after.rate || (o.rate === after.rate && o.id > after.id))
        .sort((a, b) => (a.rate === b.rate ? (a.id < b.id ? -1 : 1) : a.rate < b.rate ? -1 : 1))
        .slice(0, limit);
    },
    async reserved(since) {
      await tx.statement();
      const offers = tx
        .rows<Workload>("workloads")
        .map(([, row]) => row)
        .filter((row) => row.state === "pending" && row.placed !== null && (row.placedAt ?? 0) > since)
        .map((row) => row.placed?.offerId ?? "");
      return new Set(offers);
    },
  };
}
