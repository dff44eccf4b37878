import type { CorepoolError } from "@corepool/core/errors";
import type { Address, Hex } from "@corepool/core/hex";
import { closeData, digestOf, leaseOverData, paymentNoteData } from "@corepool/protocol/eip712";
import { privateKeyToAccount, sign } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MarketContext } from "../market/context.ts";
import type { Lease, Uow } from "../market/documents.ts";
import { postgresStore } from "../market/store.ts";
import { type Note, takeNote } from "../payments/pay.ts";
import { systemClock } from "../platform/adapters/system-clock.ts";
import { systemRandom } from "../platform/adapters/system-random.ts";
import { openEventLog } from "../platform/events/event-log.ts";
import { openTestDatabase } from "../testing/database.ts";
import { bytes32, leaseRecord, onChain, termsOf, unitRecord, workloadRecord } from "../testing/records.ts";
import { type CloseRequest, closeLease } from "./close.ts";
import { LEASES_WAKE } from "./topics.ts";

const NOW = 1_800_000_000;
const [KEY, PROVIDER, STRANGER]: [Hex, Hex, Hex] = [bytes32(1), bytes32(2), bytes32(3)];
const addressOf = (key: Hex): Address => privateKeyToAccount(key).address.toLowerCase() as Address;
const domain = { chainId: 31_337, market: `0x${"77".repeat(20)}` as Address };

let test: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

let wallSeconds = NOW;
const context = {
  domain,
  clock: { ...systemClock, now: () => wallSeconds * 1000 },
  random: systemRandom,
} as unknown as MarketContext;

/** What the work does with the chain's newest block at `headTime`; nothing of it is kept. */
async function trying<T>(work: (uow: Uow) => Promise<T>, headTime = NOW): Promise<T> {
  const store = postgresStore(test.database, openEventLog(test.database.reader, systemClock));
  let result: { readonly value: T } | undefined;
  await store
    .transaction(async (uow) => {
      await uow.chain.putProgress({ head: 1n, headTime: BigInt(headTime), finalized: 0n });
      result = { value: await work(uow) };
      throw new Error("taken back");
    })
    .catch((error: unknown) => {
      if (result === undefined) throw error;
    });
  if (result === undefined) throw new Error("nothing came of it");
  return result.value;
}

/** A lease at 5 a second that began 10 s ago with a grace of 2 s, and may owe 300. */
async function leased(uow: Uow, changes: Partial<Lease> = {}, paid: bigint | "not on chain" = 0n): Promise<Lease> {
  const workload = workloadRecord(1);
  const parties = { key: addressOf(KEY), provider: addressOf(PROVIDER) };
  const lease = leaseRecord(1, workload, unitRecord(1, 1), { state: "open", ...parties, ...changes });
  await uow.workloads.put(workload);
  await uow.leases.put(lease);
  if (paid === "not on chain") return lease;
  await uow.chain.putLease(1n, onChain(lease, { paid, terms: termsOf(lease, { start: NOW - 10, end: NOW + 50 }) }));
  return lease;
}

const signed = (data: Parameters<typeof digestOf>[0], key: Hex): Promise<Hex> =>
  sign({ hash: digestOf(data), privateKey: key, to: "hex" });
const note = async (lease: Lease, total: bigint, key: Hex = KEY): Promise<Note> => ({
  total,
  signature: await signed(paymentNoteData(domain, lease.id, total), key),
  over: null,
});
const overOf = (lease: Lease, total: bigint, key: Hex = KEY): Promise<Hex> =>
  signed(leaseOverData(domain, lease.id, total), key);
const codeOf = (error: CorepoolError): string => error.code;

describe("a payment note", () => {
  const take = (total: bigint, changes: Partial<Lease> = {}, headTime = NOW) =>
    trying(async (uow) => {
      const lease = await leased(uow, changes);
      return takeNote(uow, context, lease, await note(lease, total)).then((next) => next.noteTotal, codeOf);
    }, headTime);

  it("is taken up to what the chain pays by now, the grace and five seconds of skew", async () => {
    expect(await take(5n * 17n)).toBe(85n);
    expect(await take(5n * 17n + 1n)).toBe("note-too-large");
    // The chain's clock counts when it is ahead, this process's when it is.
    expect(await take(5n * 20n, {}, NOW + 3)).toBe(100n);
    expect(await take(5n * 20n + 1n, {}, NOW + 3)).toBe("note-too-large");
    expect(await take(5n * 17n, {}, NOW - 100)).toBe(85n);
    expect(await take(300n, {}, NOW + 1_000)).toBe(300n);
    expect(await take(301n, {}, NOW + 1_000)).toBe("note-too-large");
  });

  it("only grows, for a lease that is open or closing and on chain", async () => {
    expect(await take(50n, { noteTotal: 50n })).toBe(50n);
    expect(await take(49n, { noteTotal: 50n })).toBe("note-too-small");
    expect(await take(5n, { state: "closing" })).toBe(5n);
    for (const state of ["ordered", "opening", "closed", "failed"] as const)
      expect(await take(5n, { state }), state).toBe("lease-not-open");
    const unknown = await trying(async (uow) => {
      const lease = { ...(await leased(uow)), id: bytes32(9) };
      return takeNote(uow, context, lease, await note(lease, 5n)).then(() => "taken", codeOf);
    });
    expect(unknown).toBe("lease-not-open");
  });

  it("is the lease key's, and so is the word that it is the last one", async () => {
    await trying(async (uow) => {
      const lease = await leased(uow);
      const refused = (given: Note) => takeNote(uow, context, lease, given).then(() => "taken", codeOf);
      expect(await refused(await note(lease, 5n, STRANGER))).toBe("bad-signature");
      expect(await refused({ ...(await note(lease, 5n)), over: await overOf(lease, 5n, STRANGER) })).toBe(
        "bad-signature",
      );
      expect(await refused({ ...(await note(lease, 5n)), over: await overOf(lease, 4n) })).toBe("bad-signature");
      expect(await refused({ ...(await note(lease, 5n)), over: await overOf(lease, 5n) })).toBe("taken");
    });
  });

  it("is kept and handed to the agent, once however often it comes, and again when it becomes the last", async () => {
    await trying(async (uow) => {
      let lease = await leased(uow);
      const box = async () => (await uow.messages.of(lease.machine)).map(({ message }) => message);
      const first = await note(lease, 5n);
      lease = await takeNote(uow, context, lease, first);
      expect(lease).toMatchObject({ noteTotal: 5n, noteSignature: first.signature, noteOver: null });
      expect(await uow.leases.get(lease.id)).toEqual(lease);
      const sent = { lease: lease.id, total: "5", signature: first.signature };
      expect(await box()).toEqual([{ type: "note", body: { ...sent, over: null } }]);
      expect(await takeNote(uow, context, lease, first)).toBe(lease);
      const last = { ...first, over: await overOf(lease, 5n) };
      lease = await takeNote(uow, context, lease, last);
      expect(lease.noteOver).toBe(last.over);
      expect(await box()).toEqual([{ type: "note", body: { ...sent, over: last.over } }]);
      // What was the last one stays so.
      expect(await takeNote(uow, context, lease, first)).toBe(lease);
      expect(await takeNote(uow, context, lease, last)).toBe(lease);
    });
  });

  it("of nothing at all is the first one too", async () => {
    await trying(async (uow) => {
      const lease = await leased(uow);
      const zero = await note(lease, 0n);
      expect(await takeNote(uow, context, lease, zero)).toMatchObject({ noteTotal: 0n, noteSignature: zero.signature });
    });
  });

  it("is not held up by a wall clock that is behind", async () => {
    wallSeconds = NOW - 3_600;
    try {
      expect(await take(85n)).toBe(85n);
      expect(await take(86n)).toBe("note-too-large");
    } finally {
      wallSeconds = NOW;
    }
  });
});

describe("a provider's close", () => {
  interface Given {
    readonly lease?: Partial<Lease>;
    readonly paid?: bigint | "not on chain";
    readonly by?: Hex;
    readonly noteBy?: Hex | null;
    readonly machine?: Hex;
  }
  /** The lease after the request, or what it was refused with. */
  const closing = (total: bigint, given: Given = {}) =>
    trying(async (uow) => {
      const lease = await leased(uow, given.lease, given.paid);
      const { signature } = await note(lease, total, given.noteBy ?? KEY);
      const request: CloseRequest = {
        lease: lease.id.toUpperCase().replace("0X", "0x") as Hex,
        total,
        noteSignature: given.noteBy === null ? null : signature,
        closeSignature: await signed(closeData(domain, lease.id, total), given.by ?? PROVIDER),
      };
      const done = closeLease(uow, context, given.machine ?? lease.machine, request);
      return done.then(() => uow.leases.get(lease.id), codeOf);
    });

  it("is kept with its note, which it may bring itself", async () => {
    expect(await closing(300n)).toMatchObject({
      state: "closing",
      noteTotal: 300n,
      noteSignature: expect.any(String),
      close: { total: 300n, noteSignature: expect.any(String), signature: expect.any(String) },
    });
    expect(await closing(301n)).toBe("note-too-large");
  });

  it("needs no note for what is paid, and takes the one that is kept for its total", async () => {
    expect(await closing(0n, { noteBy: null })).toMatchObject({ close: { total: 0n, noteSignature: null } });
    expect(await closing(7n, { paid: 7n, noteBy: null })).toMatchObject({ state: "closing", noteTotal: 7n });
    expect(await closing(8n, { paid: 7n, noteBy: null })).toBe("bad-signature");
    expect(await closing(1n, { paid: "not on chain", noteBy: null })).toBe("bad-signature");
    await trying(async (uow) => {
      const lease = await leased(uow);
      const { signature } = await note(lease, 9n);
      const kept = { ...lease, noteTotal: 9n, noteSignature: signature };
      await uow.leases.put(kept);
      const closeOf = (total: bigint) => signed(closeData(domain, lease.id, total), PROVIDER);
      const request = { lease: lease.id, noteSignature: null };
      const less = { ...request, total: 8n, closeSignature: await closeOf(8n) };
      expect(await closeLease(uow, context, lease.machine, less).catch(codeOf)).toBe("bad-signature");
      await closeLease(uow, context, lease.machine, { ...request, total: 9n, closeSignature: await closeOf(9n) });
      expect(await uow.leases.get(lease.id)).toMatchObject({ close: { total: 9n, noteSignature: signature } });
    });
  });

  it("wakes who settles", async () => {
    const woken: string[] = [];
    await trying(async (uow) => {
      const lease = await leased(uow);
      const closeSignature = await signed(closeData(domain, lease.id, 0n), PROVIDER);
      const hearing: Uow = { ...uow, wake: async (topic) => void woken.push(topic) };
      await closeLease(hearing, context, lease.machine, {
        lease: lease.id,
        total: 0n,
        noteSignature: null,
        closeSignature,
      });
    });
    expect(woken).toEqual([LEASES_WAKE]);
  });

  it("below the best note leaves that as it is", async () => {
    const best = bytes32(0xbe);
    const closed = await closing(5n, { lease: { noteTotal: 9n, noteSignature: best } });
    expect(closed).toMatchObject({ noteTotal: 9n, noteSignature: best, close: { total: 5n } });
    // Nobody looks at the note of a close over what is paid.
    const kept = { noteTotal: 9n, noteSignature: best };
    expect(await closing(9n, { lease: kept, paid: 9n, noteBy: STRANGER })).toMatchObject(kept);
    const without = { close: { total: 7n, noteSignature: null } };
    expect(await closing(7n, { lease: kept, paid: 7n, noteBy: null })).toMatchObject(without);
  });

  it("is the provider's, for an open lease of this machine", async () => {
    expect(await closing(5n, { by: STRANGER })).toBe("bad-signature");
    expect(await closing(5n, { noteBy: STRANGER })).toBe("bad-signature");
    expect(await closing(5n, { machine: bytes32(99) })).toBe("not-found");
    for (const state of ["ordered", "opening", "closing", "failed"] as const)
      expect(await closing(5n, { lease: { state } }), state).toBe("lease-not-open");
    const unknown = { lease: bytes32(9), total: 0n, noteSignature: null, closeSignature: bytes32(9) };
    const work = trying((uow) => closeLease(uow, context, bytes32(1), unknown).then(() => "closed", codeOf));
    expect(await work).toBe("not-found");
  });

  it("changes nothing the second time, nor when the lease is closed", async () => {
    const close = { total: 1n, noteSignature: null, signature: bytes32(5) };
    expect(await closing(5n, { lease: { state: "closing", close } })).toMatchObject({ close });
    expect(await closing(5n, { lease: { state: "closed" } })).toMatchObject({ state: "closed", close: null });
  });
});
