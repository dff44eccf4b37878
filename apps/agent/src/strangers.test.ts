import type { SandboxHandle } from "@corepool/core/ports/runtime";
import { expect, test } from "vitest";
import { SlotPool } from "./slots.ts";
import { destroyStrangers } from "./strangers.ts";
import { ManualClock, settled } from "./test/manual-clock.ts";
import { silentLog } from "./test/samples.ts";

const SLOTS = [0, 1, 2].map((i) => ({ slot: `slot-${i}`, diskBytes: 1 }));

/** A host with sandboxes in slots, some of which cannot be destroyed as often as said. */
function hostOf(sandboxes: Readonly<Record<string, { readonly slot: string; failures: number }>>) {
  const left = new Map(Object.entries(sandboxes));
  return {
    left,
    list: async () => [...left.keys()],
    attach: async (id: string) => {
      const sandbox = left.get(id);
      if (sandbox === undefined) return null;
      const destroy = async (): Promise<void> => {
        if (sandbox.failures-- > 0) throw Object.assign(new Error("EBUSY: rmdir"), { code: "EBUSY" });
        left.delete(id);
      };
      return { id, slot: sandbox.slot, destroy } as unknown as SandboxHandle;
    },
  };
}

test("a sandbox that cannot be destroyed keeps its slot, is tried again, and keeps nobody from working", async () => {
  const runtime = hostOf({
    owned: { slot: "slot-0", failures: 0 },
    stubborn: { slot: "slot-1", failures: 2 },
    easy: { slot: "slot-2", failures: 0 },
  });
  const slots = new SlotPool(SLOTS);
  slots.adopt("slot-0", "owned");
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const log = { ...silentLog, error: (_: string, fields?: object) => void errors.push(fields) };
  const journal = { attempts: new Map([["owned", {} as never]]) };
  const { rest } = await destroyStrangers({ runtime, journal, slots, clock, log }, new AbortController().signal);
  expect([...runtime.left.keys()]).toEqual(["owned", "stubborn"]);
  expect([slots.take("a", 1), slots.take("b", 1)]).toEqual(["slot-2", undefined]);
  await clock.advance(10_000);
  for (let i = 0; i < 5; i++) await settled();
  expect(errors).toEqual(Array(2).fill({ sandbox: "stubborn", detail: "EBUSY: rmdir" }));
  await clock.advance(10_000);
  await rest;
  expect([[...runtime.left.keys()], slots.take("b", 1)]).toEqual([["owned"], "slot-1"]);
});

test("an agent that stops does not wait for a sandbox that cannot be destroyed", async () => {
  const runtime = hostOf({ stubborn: { slot: "slot-1", failures: 9 } });
  const stop = new AbortController();
  const deps = { runtime, journal: { attempts: new Map() }, slots: new SlotPool(SLOTS), clock: new ManualClock() };
  const { rest } = await destroyStrangers({ ...deps, log: silentLog }, stop.signal);
  stop.abort();
  await rest;
  expect(runtime.left.size).toBe(1);
});
