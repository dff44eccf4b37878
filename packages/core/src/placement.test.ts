import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Address } from "./hex.ts";
import { place } from "./placement.ts";
import { failuresOf } from "./placement-checks.ts";
import type { PlacementRequest, PlacementUnit } from "./placement-request.ts";

const GIB = 2 ** 30;
const address = (n: number): Address => `0x${n.toString(16).padStart(40, "0")}`;
const MODELS = ["NVIDIA H200", "NVIDIA A100", "RTX 4090"];
const SOFTWARE = ["python3", "cuda", "node"];

const unitArb: fc.Arbitrary<PlacementUnit> = fc.record({
  offerId: fc.uuid(),
  machine: fc.constant(`0x${"11".repeat(32)}` as const),
  unit: fc.nat(8),
  provider: fc.integer({ min: 1, max: 3 }).map(address),
  resources: fc.record({
    cpus: fc.integer({ min: 1, max: 8 }),
    memoryBytes: fc.integer({ min: 1, max: 8 }).map((n) => n * GIB),
    diskBytes: fc.integer({ min: 1, max: 8 }).map((n) => n * GIB),
    gpus: fc.array(
      fc.record({
        id: fc.uuid(),
        model: fc.constantFrom(...MODELS),
        memoryBytes: fc.integer({ min: 1, max: 4 }).map((n) => n * GIB),
      }),
      { maxLength: 3 },
    ),
  }),
  software: fc.subarray(SOFTWARE),
  limits: fc.constantFrom("cgroup-v1" as const, "cgroup-v2" as const, "rlimit" as const),
  weaknesses: fc.subarray(["x<1:CVE-1", "slow-disk"]),
  token: fc.integer({ min: 100, max: 101 }).map(address),
  rate: fc.bigInt({ min: 1n, max: 10n }),
  minSeconds: fc.integer({ min: 1, max: 5 }),
  maxSeconds: fc.integer({ min: 5, max: 20 }),
  notBefore: fc.integer({ min: 0, max: 12 }),
  expiry: fc.integer({ min: 8, max: 20 }),
  client: fc.option(fc.integer({ min: 50, max: 51 }).map(address), { nil: undefined }),
  online: fc.nat(9).map((n) => n > 0),
  busy: fc.nat(9).map((n) => n === 0),
  reserved: fc.boolean(),
});

const requestArb: fc.Arbitrary<PlacementRequest> = fc.record({
  resources: fc.record({
    cpus: fc.integer({ min: 1, max: 4 }),
    memoryBytes: fc.integer({ min: 1, max: 3 }).map((n) => n * GIB),
    diskBytes: fc.integer({ min: 1, max: 3 }).map((n) => n * GIB),
    gpus: fc.record({
      count: fc.constantFrom(0, 0, 0, 1, 2),
      model: fc.option(fc.constantFrom("h200", "A100"), { nil: undefined }),
      memoryBytes: fc.option(
        fc.integer({ min: 1, max: 4 }).map((n) => n * GIB),
        { nil: undefined },
      ),
    }),
  }),
  durationSeconds: fc.integer({ min: 1, max: 20 }),
  needs: fc.subarray(SOFTWARE),
  token: fc.constant(address(100)),
  maxRate: fc.option(fc.bigInt({ min: 1n, max: 10n }), { nil: undefined }),
  maxEscrow: fc.option(fc.bigInt({ min: 1n, max: 200n }), { nil: undefined }),
  providers: fc.option(fc.subarray([address(1), address(2), address(3)]), { nil: undefined }),
  requireCgroup: fc.boolean(),
  avoidWeaknesses: fc.option(fc.subarray(["CVE-1", "slow-disk", "*"]), { nil: undefined, freq: 3 }),
  client: fc.constant(address(50)),
  at: fc.constant(10),
});

/** What a unit needs to have, said a second time and differently, to check `failuresOf` against. */
function fits(r: PlacementRequest, u: PlacementUnit): boolean {
  const gpus = u.resources.gpus.filter(
    (gpu) =>
      (r.resources.gpus.model === undefined ||
        gpu.model.toUpperCase().includes(r.resources.gpus.model.toUpperCase())) &&
      gpu.memoryBytes >= (r.resources.gpus.memoryBytes ?? 0),
  );
  return (
    u.resources.cpus >= r.resources.cpus &&
    u.resources.memoryBytes >= r.resources.memoryBytes &&
    u.resources.diskBytes >= r.resources.diskBytes &&
    gpus.length >= r.resources.gpus.count &&
    (!r.requireCgroup || u.limits !== "rlimit") &&
    u.weaknesses.every(
      (mark) => !["*", mark, mark.split(":")[1]].some((rule) => r.avoidWeaknesses?.includes(rule ?? "")),
    ) &&
    new Set([...u.software, ...r.needs]).size === u.software.length &&
    u.token === r.token &&
    (r.maxRate === undefined || r.maxRate >= u.rate) &&
    (r.maxEscrow === undefined || r.maxEscrow >= u.rate * BigInt(r.durationSeconds)) &&
    u.minSeconds <= r.durationSeconds &&
    r.durationSeconds <= u.maxSeconds &&
    (r.providers?.includes(u.provider) ?? true) &&
    (u.client ?? r.client) === r.client &&
    u.notBefore <= r.at &&
    r.at <= u.expiry &&
    u.online &&
    !u.busy
  );
}

describe("placement", () => {
  it("takes exactly the units that lack nothing, and says of every other something it lacks", () => {
    fc.assert(
      fc.property(requestArb, fc.array(unitArb, { maxLength: 12 }), (request, units) => {
        const placement = place(request, units);
        expect(placement.considered).toBe(units.length);
        expect(new Set(placement.candidates)).toEqual(new Set(units.filter((unit) => fits(request, unit))));
        expect(placement.refused.length).toBe(units.length - placement.candidates.length);
        for (const { failures } of placement.refused) {
          for (const failure of failures) expect(failure.asked).not.toBe(failure.had);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("orders by price, and of one price takes the unreserved and then the tightest first", () => {
    fc.assert(
      fc.property(requestArb, fc.array(unitArb, { maxLength: 12 }), (request, units) => {
        const relaxed = { ...request, resources: { ...request.resources, gpus: { count: 0 } }, needs: [] };
        const { candidates } = place(relaxed, units);
        for (const [i, unit] of candidates.entries()) {
          const next = candidates[i + 1];
          if (next === undefined) continue;
          expect(unit.rate <= next.rate).toBe(true);
          if (unit.rate === next.rate) expect(Number(unit.reserved) <= Number(next.reserved)).toBe(true);
        }
      }),
    );
  });

  it("loses no candidate when a request asks for less", () => {
    const loosen: readonly ((r: PlacementRequest) => PlacementRequest)[] = [
      (r) => ({ ...r, resources: { ...r.resources, cpus: 1 } }),
      (r) => ({ ...r, resources: { ...r.resources, memoryBytes: GIB } }),
      (r) => ({ ...r, resources: { ...r.resources, diskBytes: 0 } }),
      (r) => ({ ...r, resources: { ...r.resources, gpus: { ...r.resources.gpus, model: undefined } } }),
      (r) => ({ ...r, resources: { ...r.resources, gpus: { ...r.resources.gpus, count: 0 } } }),
      (r) => ({ ...r, maxRate: undefined }),
      (r) => ({ ...r, maxEscrow: undefined }),
      (r) => ({ ...r, providers: undefined }),
      (r) => ({ ...r, needs: r.needs.slice(1) }),
      (r) => ({ ...r, requireCgroup: false }),
      (r) => ({ ...r, avoidWeaknesses: r.avoidWeaknesses?.slice(1) }),
    ];
    fc.assert(
      fc.property(
        requestArb,
        fc.array(unitArb, { maxLength: 12 }),
        fc.constantFrom(...loosen),
        (request, units, less) => {
          const before = place(request, units).candidates.map((u) => u.offerId);
          const after = new Set(place(less(request), units).candidates.map((u) => u.offerId));
          for (const id of before) expect(after.has(id)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("promises only changes that work, counts what they admit, and proposes none when something fits", () => {
    let promised = 0;
    fc.assert(
      fc.property(requestArb, fc.array(unitArb, { minLength: 4, maxLength: 30 }), (request, units) => {
        const { candidates, relaxations } = place(request, units);
        if (candidates.length > 0) expect(relaxations).toEqual([]);
        for (const relaxation of relaxations) {
          expect(relaxation.offers).toBeGreaterThan(0);
          if (relaxation.relaxed === undefined) continue;
          promised++;
          expect(place(relaxation.relaxed, units).candidates.length).toBe(relaxation.offers);
        }
      }),
      { numRuns: 1000 },
    );
    expect(promised).toBeGreaterThan(50);
  });

  it("says what was asked and what is there, most telling first, with the smallest change", () => {
    const unit: PlacementUnit = {
      offerId: "ofr_1",
      machine: `0x${"11".repeat(32)}`,
      unit: 1,
      provider: address(1),
      resources: { cpus: 2, memoryBytes: 4 * GIB, diskBytes: 8 * GIB, gpus: [] },
      software: ["python3"],
      limits: "cgroup-v2",
      weaknesses: ["bubblewrap<0.12.0:CVE-2026-87766"],
      token: address(100),
      rate: 5n,
      minSeconds: 1,
      maxSeconds: 3600,
      notBefore: 0,
      expiry: 100,
      client: undefined,
      online: true,
      busy: false,
      reserved: false,
    };
    const request: PlacementRequest = {
      resources: { cpus: 4, memoryBytes: GIB, diskBytes: GIB, gpus: { count: 0 } },
      durationSeconds: 60,
      needs: [],
      token: address(100),
      requireCgroup: false,
      client: address(50),
      at: 10,
    };
    const small = { ...unit, offerId: "ofr_2", resources: { ...unit.resources, cpus: 1 } };
    const { refused, relaxations } = place({ ...request, maxRate: 9n }, [
      unit,
      small,
      { ...unit, rate: 10n, busy: true },
    ]);
    expect(refused[0]?.failures).toEqual([{ dimension: "cpus", asked: "4", had: "2" }]);
    expect(refused[2]?.failures.map((f) => f.dimension)).toEqual(["cpus", "price", "busy"]);
    expect(relaxations).toMatchObject([{ dimension: "cpus", change: "ask for 2 cores", offers: 1 }]);
    const picky = place(
      { ...request, resources: { ...request.resources, cpus: 1 }, avoidWeaknesses: ["CVE-2026-87766"] },
      [small],
    );
    expect(picky.refused[0]?.failures).toEqual([
      { dimension: "isolation", asked: "a machine without it", had: "bubblewrap<0.12.0:CVE-2026-87766" },
    ]);
    expect(picky.relaxations).toMatchObject([
      { dimension: "isolation", change: "accept a machine with bubblewrap<0.12.0:CVE-2026-87766", offers: 1 },
    ]);
    expect(failuresOf({ ...request, maxEscrow: 299n }, { ...unit, resources: { ...unit.resources, cpus: 4 } })).toEqual(
      [{ dimension: "price", asked: "at most 299 base units of escrow", had: "300 base units for 60 s" }],
    );
    const tokens = [
      { address: address(100), symbol: "GP", decimals: 3 },
      { address: address(101), symbol: "USDC", decimals: 6 },
    ];
    const large = { ...unit, resources: { ...unit.resources, cpus: 4 } };
    const dear = { ...request, tokens, maxRate: 2n };
    expect(failuresOf(dear, large)).toEqual([{ dimension: "price", asked: "at most 7.2 GP/h", had: "18 GP/h" }]);
    expect(place(dear, [large]).relaxations).toMatchObject([{ change: "pay up to 18 GP/h" }]);
    expect(failuresOf({ ...request, tokens, token: address(101) }, large)).toEqual([
      { dimension: "token", asked: "USDC", had: "GP" },
    ]);
  });
});
