import type { Hex } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import { digestOf, documentHash, leaseOverData, paymentNoteData, usageReportData } from "@corepool/protocol/eip712";
import { deriveProbeKey, probeAnswer } from "@corepool/protocol/probe";
import type { WorkloadView } from "@corepool/protocol/resources";
import type { TermsMessage } from "@corepool/protocol/spec";
import { bytesToHex, hexToBytes, recoverAddress, zeroAddress, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { describe, expect, it, vi } from "vitest";
import { leaseKeyOf } from "./lease-key.ts";
import { problem, quickClock, scriptedClient } from "./test/scripted.ts";
import { type WatchEvent, type WatchedLease, type WatchProgress, watchLease } from "./watch.ts";

const PROVIDER_KEY: Hex = `0x${"22".repeat(32)}`;
const provider = privateKeyToAccount(PROVIDER_KEY);
const key = leaseKeyOf(`0x${"11".repeat(32)}`);
const LEASE: Hex = `0x${"ab".repeat(32)}`;
const domain = { chainId: 31_337, market: `0x${"77".repeat(20)}` as Hex };
const client: Hex = `0x${"33".repeat(20)}`;
const token: Hex = `0x${"44".repeat(20)}`;
const RATE = 7_000n;
const GRACE = 2;
const watched: WatchedLease = {
  domain,
  lease: LEASE,
  key,
  client,
  provider: provider.address,
  providerPublicKey: provider.publicKey,
  token,
  rate: RATE,
  escrow: RATE * 600n,
  graceSeconds: GRACE,
};

const terms = (start: number): TermsMessage => ({
  provider: provider.address,
  unit: "1",
  seq: 0,
  client,
  payTo: provider.address,
  key: key.address,
  token,
  rate: String(RATE),
  escrow: String(RATE * 600n),
  paid: "0",
  start,
  end: start + 600,
  maxEnd: start + 600,
  closeAt: 0,
  grace: GRACE,
  feeBps: 500,
  funder: zeroAddress,
  fundingRef: zeroHash,
});

const output = (path: string) => ({ path, bytes: 1, hash: zeroHash });

const view = (
  state: WorkloadView["state"],
  of: TermsMessage | null,
  attempts: readonly unknown[] = [],
  outputs: readonly unknown[] = [],
  intervalSeconds = 1,
): WorkloadView =>
  ({
    id: "wkl_0123456789",
    state,
    lease: { id: LEASE, terms: of, intervalSeconds },
    attempts,
    outputs,
  }) as unknown as WorkloadView;

/** A market whose machine answers `answers` probes and then ends, with the given usage report. */
async function watchThrough(machine: {
  readonly answers: number;
  readonly honest?: boolean;
  readonly reportMs?: number;
  /** What else the usage report says. */
  readonly report?: { readonly startedAtMs?: string; readonly frozenMs?: string };
  /** Paths of outputs, in the order in which the coordinator tells of them. */
  readonly outputs?: readonly string[];
  readonly reporter?: Hex;
  /** The report came without a signature. */
  readonly unsigned?: boolean;
  readonly terms?: Partial<TermsMessage>;
  readonly live?: boolean;
  readonly saved?: WatchProgress;
  /** Of the lease, as it was signed for. */
  readonly escrow?: bigint;
  /** How much later than now the chain says that the lease began, seconds. */
  readonly startsIn?: number;
  /** From this answer on the agent says that the workload is frozen. */
  readonly frozenFrom?: number;
}) {
  const clock = quickClock(2_000);
  const start = Math.floor(clock.now() / 1000) - 1;
  const escrow = machine.escrow ?? watched.escrow;
  const agreed = { ...terms(start + (machine.startsIn ?? 0)), escrow: String(escrow), ...machine.terms };
  const probeKey = machine.honest === false ? new Uint8Array(32) : deriveProbeKey(PROVIDER_KEY, key.publicKey, LEASE);
  const report = {
    lease: LEASE,
    attempt: "att_0123456789",
    startedAtMs: "0",
    endedAtMs: String(machine.reportMs ?? 0),
    frozenMs: "0",
    cpuMs: "0",
    maxRssBytes: "0",
    exitCode: 0,
    reason: "exited",
    outputs: documentHash([...(machine.outputs ?? [])].sort().map(output)),
    ...machine.report,
  };
  const signature = await privateKeyToAccount(machine.reporter ?? PROVIDER_KEY).sign({
    hash: digestOf(usageReportData(domain, report)),
  });
  const notes: { total: bigint; last: boolean; at: number; signer: Hex }[] = [];
  const events: WatchEvent[] = [];
  let probes = 0;
  let looks = 0;
  let ended = false;
  const over = () => {
    if (ended) return;
    ended = true;
    const attempt = {
      id: "att_0123456789",
      lease: LEASE,
      state: "ended",
      usage: report,
      usageSignature: machine.unsigned === true ? null : signature,
    };
    watch.see(view("finishing", agreed, [attempt], (machine.outputs ?? []).map(output)));
  };
  const { client: api } = scriptedClient(async (sent) => {
    const body = JSON.parse(String(sent.body)) as { nonce: Hex; total: string; signature: Hex; over?: Hex };
    if (sent.url.endsWith("/probes")) {
      if (++probes > machine.answers) {
        over();
        return problem(504, "machine-unreachable");
      }
      return Response.json({
        answer: bytesToHex(probeAnswer(probeKey, hexToBytes(body.nonce))),
        frozen: probes >= (machine.frozenFrom ?? Number.POSITIVE_INFINITY),
      });
    }
    const signer = await recoverAddress({
      hash: digestOf(paymentNoteData(domain, LEASE, BigInt(body.total))),
      signature: body.signature,
    });
    const last = body.over !== undefined;
    if (body.over !== undefined) {
      const hash = digestOf(leaseOverData(domain, LEASE, BigInt(body.total)));
      expect(await recoverAddress({ hash, signature: body.over })).toBe(signer);
    }
    notes.push({ total: BigInt(body.total), last, at: clock.now(), signer });
    if (last) watch.see(view("succeeded", agreed));
    return Response.json({ total: body.total });
  }, clock);
  const watch = watchLease(
    api,
    { ...watched, escrow },
    {
      on: (e) => {
        events.push(e);
        // A machine that is refused its pay ends its workload.
        if (e.type === "withheld") over();
      },
      saved: machine.saved,
      isLive: async () => {
        looks++;
        return machine.live ?? true;
      },
    },
  );
  watch.see(view("running", agreed));
  await watch.done;
  return { notes, events, looks, startMs: start * 1000 };
}

describe("a watch", () => {
  it("signs growing notes with the lease key, for proven time only", async () => {
    const { notes } = await watchThrough({ answers: 5, reportMs: 4_500 });
    expect(notes.length).toBe(6);
    for (const note of notes) expect(note.signer).toBe(key.address);
    expect(notes.slice(0, 5).map((n) => n.total)).toEqual([0n, 1n, 2n, 3n, 4n].map((s) => s * RATE));
    expect(notes.at(-1)).toMatchObject({ last: true, total: (45n * RATE) / 10n });
  });

  it("pays what the report says was served: from start to end, less what was frozen", async () => {
    const { notes } = await watchThrough({
      answers: 5,
      reportMs: 6_000,
      report: { startedAtMs: "1000", frozenMs: "500" },
    });
    expect(notes.at(-1)).toMatchObject({ last: true, total: (45n * RATE) / 10n });
  });

  it("believes a report over the outputs that it is shown, in whatever order", async () => {
    const { notes, events } = await watchThrough({ answers: 3, reportMs: 2_500, outputs: ["b", "a", "c"] });
    expect(notes.at(-1)).toMatchObject({ last: true, total: (25n * RATE) / 10n });
    expect(events.filter((e) => e.type === "withheld" && e.code === "bad-signature")).toEqual([]);
  });

  it("pays for proven time alone while the report has no signature, and blames nobody", async () => {
    const { notes, events } = await watchThrough({ answers: 3, reportMs: 15_000, unsigned: true });
    expect(notes.at(-1)).toMatchObject({ last: true, total: 2n * RATE });
    expect(events.filter((e) => e.type === "withheld" && e.code === "bad-signature")).toEqual([]);
  });

  it("goes on from what an earlier process had proven", async () => {
    const { notes } = await watchThrough({ answers: 3, saved: { provenMs: 2_000, total: 2n * RATE } });
    expect(notes.slice(0, 3).map((n) => n.total)).toEqual([2n, 3n, 4n].map((s) => s * RATE));
  });

  it("pays for a freeze, however long, at most one grace", async () => {
    const { notes } = await watchThrough({ answers: 10, frozenFrom: 4, reportMs: 2_000 });
    expect(notes.slice(0, 10).map((n) => n.total)).toEqual(
      [0n, 1n, 2n, 3n, 4n, 4n, 4n, 4n, 4n, 4n].map((s) => s * RATE),
    );
  });

  it("never signs for more than the escrow, nor than the chain pays by now", async () => {
    const small = await watchThrough({ answers: 8, escrow: 3n * RATE });
    expect(small.notes.slice(0, 5).map((n) => n.total)).toEqual([0n, 1n, 2n, 3n, 3n].map((s) => s * RATE));
    const early = await watchThrough({ answers: 8, startsIn: 1_000 });
    expect(early.notes.slice(0, 5).map((n) => n.total)).toEqual([0n, 1n, 2n, 2n, 2n].map((s) => s * RATE));
  });

  it("never signs for less than before", async () => {
    const { notes } = await watchThrough({ answers: 3, saved: { provenMs: 0, total: 2n * RATE } });
    expect(notes.slice(0, 3).map((n) => n.total)).toEqual([2n, 2n, 2n].map((s) => s * RATE));
  });

  it("asks the chain once about the same terms, and tells of every note", async () => {
    const { notes, events, looks } = await watchThrough({ answers: 4, live: true, frozenFrom: 4 });
    expect(looks).toBe(1);
    expect(events.filter((e) => e.type === "note")).toHaveLength(notes.length);
    expect(events).toContainEqual({ type: "note", total: 2n * RATE, provenMs: 2_000, last: false, frozen: false });
    expect(events).toContainEqual(expect.objectContaining({ type: "note", last: false, frozen: true }));
    expect(events.at(-1)).toMatchObject({ type: "note", last: true, frozen: false });
  });

  it("signs nothing for an answer that the lease's sandbox cannot have made", async () => {
    const { notes, events } = await watchThrough({ answers: 1_000_000, honest: false });
    expect(notes.filter((n) => n.total > 0n)).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining({ type: "withheld", code: "probe-refused" }));
  });

  it("pays a report that claims too much at most one grace beyond what it has seen", async () => {
    const { notes } = await watchThrough({ answers: 3, reportMs: 500_000 });
    expect(notes.at(-1)).toMatchObject({ last: true, total: RATE * BigInt(2 + GRACE) });
  });

  it("counts its own grace, whatever grace and start the coordinator tells", async () => {
    const { notes } = await watchThrough({ answers: 3, reportMs: 500_000, terms: { grace: 100_000, start: 0 } });
    expect(notes.at(-1)).toMatchObject({ last: true, total: RATE * BigInt(GRACE) });
  });

  it("pays only proven time for a report that the provider has not signed", async () => {
    const { notes, events } = await watchThrough({ answers: 3, reportMs: 15_000, reporter: `0x${"55".repeat(32)}` });
    expect(notes.at(-1)).toMatchObject({ last: true, total: RATE * 2n });
    expect(events).toContainEqual(expect.objectContaining({ type: "withheld", code: "bad-signature" }));
  });

  it.each([
    ["a dearer rate", { rate: "8000" }],
    ["another key", { key: client }],
    ["another provider", { provider: client }],
    ["more escrow", { escrow: String(RATE * 601n) }],
    ["a longer grace", { grace: GRACE + 1 }],
  ])("pays nothing for a lease with %s than was signed for", async (_, changed) => {
    const { notes, events } = await watchThrough({ answers: 5, terms: changed });
    expect(notes.filter((n) => n.total > 0n)).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining({ type: "withheld", code: "order-mismatch" }));
  });

  it("pays nothing while the chain does not hold the lease", async () => {
    const { notes, events } = await watchThrough({ answers: 5, live: false });
    expect(notes.filter((n) => n.total > 0n)).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining({ type: "withheld", code: "lease-not-open" }));
  });
});

/** A clock on which a sleep that nobody breaks off moves time, once everything else has had its turn. */
function fairClock(): Clock {
  let now = 1_790_000_000_000;
  return {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms, signal) => {
      for (let turn = 0; turn < 50; turn++) {
        signal?.throwIfAborted();
        await new Promise((resolve) => setImmediate(resolve));
      }
      signal?.throwIfAborted();
      now += ms;
    },
  };
}

/** For a machine that has other things to do. */
const PATIENT = { timeout: 10_000 };

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** A market that answers every probe and takes every note, or says what `refuse` says. */
function market(
  clock: Clock,
  refuse: (kind: "probe" | "note", number: number) => Response | undefined = () => undefined,
) {
  const probeKey = deriveProbeKey(PROVIDER_KEY, key.publicKey, LEASE);
  const probes: number[] = [];
  const last: bigint[] = [];
  const events: WatchEvent[] = [];
  const { client: api, sent } = scriptedClient((one) => {
    const body = JSON.parse(String(one.body)) as { nonce: Hex; total: string; over?: Hex };
    const probe = one.url.endsWith("/probes");
    if (probe) probes.push(clock.now());
    else if (body.over !== undefined) last.push(BigInt(body.total));
    const refused = refuse(probe ? "probe" : "note", probes.length);
    if (refused !== undefined) return refused;
    const answer = probe ? bytesToHex(probeAnswer(probeKey, hexToBytes(body.nonce))) : undefined;
    return Response.json(probe ? { answer, frozen: false } : { total: body.total });
  }, clock);
  return { api, sent, probes, last, events, on: (event: WatchEvent) => events.push(event) };
}

describe("when a watch acts", () => {
  const now = terms(1_790_000_000);

  it("every interval, and a second after a failure", async () => {
    const clock = fairClock();
    const start = clock.now();
    const { api, probes, on } = market(clock, (kind, number) =>
      kind === "probe" && number === 1 ? problem(504, "machine-unreachable") : undefined,
    );
    const end = new AbortController();
    const watch = watchLease(api, watched, { on, signal: end.signal });
    watch.see(view("running", now, [], [], 3));
    await vi.waitFor(() => expect(probes.length).toBeGreaterThanOrEqual(4), PATIENT);
    expect(probes.slice(0, 4).map((at) => at - start)).toEqual([0, 1_000, 4_000, 7_000]);
    end.abort();
    await expect(watch.done).rejects.toThrow();
  });

  it("at a change of state or terms, and not at every look", async () => {
    // Of an interval that does not pass.
    const { api, sent, probes, events, on } = market(quickClock(2_000));
    const end = new AbortController();
    const watch = watchLease(api, watched, { on, signal: end.signal });
    watch.see({ ...view("ordered", null), lease: null } as unknown as WorkloadView);
    watch.see(view("running", null));
    await settled();
    expect(sent).toEqual([]);
    expect(events).toEqual([]);
    for (let look = 0; look < 3; look++) {
      watch.see(view("running", now, [], [], 60));
      await settled();
    }
    expect(probes).toHaveLength(1);
    watch.see(view("running", { ...now, start: now.start + 5 }, [], [], 60));
    await settled();
    expect(probes).toHaveLength(2);
    end.abort();
    await expect(watch.done).rejects.toThrow();
  });

  it("pays for the last time once, when every attempt under its lease has ended", async () => {
    const { api, last, on } = market(quickClock(2_000));
    const watch = watchLease(api, watched, { on });
    const ended = { id: "att_1", lease: LEASE, state: "ended", usage: null, usageSignature: null };
    watch.see(view("finishing", now, [ended, { ...ended, id: "att_2", state: "collecting" }]));
    await settled();
    expect(last).toEqual([]);
    for (let look = 0; look < 3; look++) {
      watch.see(view("finishing", now, [ended, { ...ended, id: "att_2" }]));
      await settled();
    }
    expect(last).toHaveLength(1);
    watch.see(view("succeeded", now));
    await watch.done;
  });

  it("says what went wrong, whatever it was, and nothing once it is told to end", async () => {
    const { api, events, on } = market(quickClock(2_000));
    const end = new AbortController();
    const isLive = () => Promise.reject(new Error("the endpoint is away"));
    const watch = watchLease(api, watched, { on, isLive, signal: end.signal });
    watch.see(view("running", now));
    await vi.waitFor(() => expect(events).not.toEqual([]), PATIENT);
    expect(events[0]).toEqual({ type: "withheld", code: "internal", detail: "the endpoint is away" });
    end.abort();
    await expect(watch.done).rejects.toThrow();

    const odd = market(quickClock(2_000));
    const ended = new AbortController();
    const word: unknown = "away";
    const third = watchLease(odd.api, watched, {
      on: odd.on,
      isLive: async () => {
        throw word;
      },
      signal: ended.signal,
    });
    third.see(view("running", now));
    await vi.waitFor(() => expect(odd.events).not.toEqual([]), PATIENT);
    expect(odd.events[0]).toEqual({ type: "withheld", code: "internal", detail: "away" });
    ended.abort();
    await expect(third.done).rejects.toThrow();

    const ending = new AbortController();
    const quiet = market(quickClock(2_000), () => {
      ending.abort();
      return problem(504, "machine-unreachable");
    });
    const other = watchLease(quiet.api, watched, { on: quiet.on, signal: ending.signal });
    other.see(view("running", now));
    await expect(other.done).rejects.toThrow();
    expect(quiet.events).toEqual([]);
  });
});
