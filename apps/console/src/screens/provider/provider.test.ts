import { leaseId } from "@corepool/protocol/eip712";
import type { LedgerEntry, MachineView, OfferView, OwnMachine } from "@corepool/protocol/resources";
import { describe, expect, it } from "vitest";
import { earnedBy, machineOfLease } from "./attribution.ts";
import { connectCommand, onlyHere } from "./connect-command.ts";
import { fleetOf, larger, ownEarned, priceRange } from "./fleet.ts";

const A = `0x${"a1".repeat(20)}` as const;
const B = `0x${"b2".repeat(20)}` as const;
const GP = `0x${"c3".repeat(20)}` as const;
const DOMAIN = { chainId: 1, market: GP };
const id = (byte: string) => `0x${byte.repeat(32)}` as const;

const machine = (name: string, provider: `0x${string}`, units: readonly number[]): MachineView =>
  ({
    id: id(name),
    provider,
    online: true,
    units: units.map((unit) => ({ unit, isolation: { weaknesses: ["x", `y${unit}`] } })),
  }) as unknown as MachineView;
const offer = (of: string, unit: number, payTo: string, busy: boolean, rate = "5"): OfferView =>
  ({
    id: `ofr_${of}${unit}`,
    machine: id(of),
    busy,
    signed: { offer: { unit: String(unit), payTo, token: GP, rate } },
  }) as unknown as OfferView;
const entry = (lease: string | null, cash: string): LedgerEntry =>
  ({ lease, cash, token: GP.toUpperCase().replace("0X", "0x") }) as unknown as LedgerEntry;

describe("a fleet", () => {
  const machines = [machine("01", A, [1, 2]), machine("02", B, [3]), machine("03", A, [4])];
  const offers = [
    offer("01", 1, B, true),
    offer("01", 1, B, true, "9"),
    offer("01", 2, B, false, "2"),
    offer("02", 3, A, false),
  ];

  it("has for each machine its offers, what is taken of it, and what only its owner is told", () => {
    const rows = fleetOf(machines, offers, [{ id: id("01"), draining: true } as unknown as OwnMachine]);
    expect(
      rows.map((row) => [row.machine.id, row.offers.length, row.leased, row.payTo, row.weaknesses, row.own?.draining]),
    ).toEqual([
      [id("01"), 3, 1, [B], ["x", "y1", "y2"], true],
      [id("02"), 1, 0, [A], ["x", "y3"], undefined],
      [id("03"), 0, 0, [], ["x", "y4"], undefined],
    ]);
    expect(priceRange(rows[0]?.offers ?? [])).toEqual({ token: GP, low: 2n, high: 9n });
    expect(priceRange([])).toBeUndefined();
  });

  it("takes the larger of what two sources know, token by token", () => {
    expect([
      ...larger(
        new Map([
          ["a", 1n],
          ["b", 5n],
        ]),
        new Map([
          ["a", 2n],
          ["b", 4n],
          ["c", 1n],
        ]),
      ),
    ]).toEqual([
      ["a", 2n],
      ["b", 5n],
      ["c", 1n],
    ]);
    const own = {
      earnings: [
        { day: "2026-01-02", token: GP, earned: "4" },
        { day: "2026-01-01", token: GP, earned: "3" },
      ],
    };
    const row = { own } as unknown as Parameters<typeof ownEarned>[0];
    expect([ownEarned(row, "").get(GP), ownEarned(row, "2026-01-02").get(GP)]).toEqual([7n, 4n]);
  });
});

describe("a lease that earned", () => {
  const machines = [machine("01", A, [1, 2]), machine("02", B, [3])];

  it("is found to be a machine's by its name on chain, also after leases that earned nothing here", () => {
    const first = leaseId(DOMAIN, A, 2n, 0);
    const later = leaseId(DOMAIN, B, 3n, 11);
    const foreign = leaseId(DOMAIN, `0x${"d4".repeat(20)}`, 3n, 0);
    const found = machineOfLease(DOMAIN, machines, new Set([first, later, foreign]));
    expect([...found]).toEqual([
      [first, id("01")],
      [later, id("02")],
    ]);
    const sums = earnedBy(
      [entry(first, "3"), entry(first, "4"), entry(later, "5"), entry(foreign, "6"), entry(null, "1")],
      found,
    );
    expect([sums.get(id("01"))?.get(GP), sums.get(id("02"))?.get(GP), sums.get("")?.get(GP)]).toEqual([7n, 5n, 7n]);
    expect(machineOfLease({ ...DOMAIN, chainId: 2 }, machines, new Set([first])).size).toBe(0);
  });
});

describe("the command that connects a computer", () => {
  const connection = {
    url: "https://corepool.example",
    rpcUrl: "https://rpc.example/?key=a&b",
    market: A,
    registry: B,
    payTo: GP,
  };

  it("names everything that an agent has to know, quoted for a shell", () => {
    expect(connectCommand(connection).replace(/ \\\n {2}/g, " ")).toBe(
      `COREPOOL_COORDINATOR_URL=https://corepool.example COREPOOL_RPC_URL='https://rpc.example/?key=a&b' COREPOOL_MARKET=${A} COREPOOL_REGISTRY=${B} COREPOOL_PAY_TO=${GP} npx node apps/agent/src/supervise.ts --state ~/.corepool/provider`,
    );
    expect(connectCommand({ ...connection, rpcUrl: "http://x/$(id)'" })).toContain(String.raw`'http://x/$(id)'\'''`);
    expect(connectCommand({ ...connection, rpcUrl: null, payTo: undefined })).toMatch(/RPC-ENDPOINT(?!.*PAY_TO)/s);
  });

  it("says when the market is reached from its own computer only", () => {
    expect(
      ["http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:1", "https://corepool.example"].map(onlyHere),
    ).toEqual([true, true, true, false]);
  });
});
