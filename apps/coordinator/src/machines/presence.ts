import type { Hex } from "@corepool/core/hex";
import type { MachineRecord } from "@corepool/core/ports/store";
import type { Uow } from "../market/documents.ts";
import { OFFERS_WAKE } from "../offers/topics.ts";

/** Tells a machine's provider, and who looks at the market, that it came or went. */
export async function tellPresence(uow: Uow, machine: MachineRecord, online: boolean, at: number): Promise<void> {
  const state = online ? "online" : "offline";
  await uow.outbox.append({
    account: machine.provider,
    type: `machine.${state}`,
    workload: null,
    machine: machine.id,
    at,
    state,
    note: null,
  });
  await uow.wake(OFFERS_WAKE);
}

/** Notes that a connection's machine has left, unless a newer one holds it. */
export async function machineLeft(uow: Uow, id: Hex, epoch: number, at: number): Promise<void> {
  const before = await uow.machines.lock(id);
  await uow.machines.left(id, epoch);
  if (before?.online === true && before.epoch === epoch) await tellPresence(uow, before, false, at);
}

/** Notes a sign of life; one that was taken for gone is back. False when a newer connection holds the machine. */
export async function machineSeen(uow: Uow, id: Hex, epoch: number, at: number): Promise<boolean> {
  const before = await uow.machines.get(id);
  const current = await uow.machines.seen(id, epoch, at);
  if (current && before?.online === false) await tellPresence(uow, before, true, at);
  return current;
}

/** Notes that machines which were last seen before `before` are gone. */
export async function machinesGone(uow: Uow, before: number, at: number): Promise<void> {
  for (const id of await uow.machines.expire(before)) {
    const machine = await uow.machines.get(id);
    if (machine !== undefined) await tellPresence(uow, machine, false, at);
  }
}
