import { place } from "@corepool/core/placement";
import type { PlacementUnit } from "@corepool/core/placement-request";
import { constraints, jobSpec } from "@corepool/protocol/spec";
import { describe, expect, it } from "vitest";
import { requestOf } from "./place.ts";
import { editsOf } from "./relaxation-edits.ts";

const GP = `0x${"11".repeat(20)}` as const;
const USDC = `0x${"22".repeat(20)}` as const;
const me = `0x${"33".repeat(20)}` as const;
const provider = `0x${"44".repeat(20)}` as const;

const unit: PlacementUnit = {
  offerId: "ofr_1",
  machine: `0x${"55".repeat(32)}`,
  unit: 0,
  provider,
  resources: { cpus: 2, memoryBytes: 2 ** 30, diskBytes: 2 ** 30, gpus: [] },
  software: ["python3"],
  limits: "rlimit",
  weaknesses: ["old-kernel"],
  token: USDC,
  rate: 5n,
  minSeconds: 60,
  maxSeconds: 600,
  notBefore: 0,
  expiry: 1e9,
  client: undefined,
  online: true,
  busy: false,
  reserved: false,
};

type Body = { readonly spec: Record<string, unknown>; readonly constraints: Record<string, unknown> };

/** What a client does with edits. */
function edited(body: Body, edits: ReturnType<typeof editsOf>): Body {
  const copy = structuredClone(body);
  for (const { pointer, value } of edits) {
    const path = pointer.slice(1).split("/");
    const last = path.pop() ?? "";
    let at = copy as unknown as Record<string, unknown>;
    for (const part of path) at = at[part] as Record<string, unknown>;
    if (value === null) delete at[last];
    else at[last] = value;
  }
  return copy;
}

const parsed = (body: Body) => requestOf(jobSpec.parse(body.spec), constraints.parse(body.constraints), me, 1000);

describe("the edits of a relaxation", () => {
  const spec = { kind: "job", command: ["true"], resources: {}, durationSeconds: 300 };
  const cases: readonly (readonly [string, Body])[] = [
    ["cpus", { spec: { ...spec, resources: { cpus: 9 } }, constraints: { token: USDC } }],
    ["memory", { spec: { ...spec, resources: { memoryBytes: 2 ** 40 } }, constraints: { token: USDC } }],
    ["disk", { spec: { ...spec, resources: { diskBytes: 2 ** 40 } }, constraints: { token: USDC } }],
    [
      "gpu-count",
      { spec: { ...spec, resources: { gpus: { count: 1, model: "H100" } } }, constraints: { token: USDC } },
    ],
    ["duration", { spec: { ...spec, durationSeconds: 6000 }, constraints: { token: USDC } }],
    ["software", { spec: { ...spec, needs: ["python3", "cuda"] }, constraints: { token: USDC } }],
    ["token", { spec, constraints: { token: GP } }],
    ["price", { spec, constraints: { token: USDC, maxRate: "1", maxEscrow: "2" } }],
    ["provider", { spec, constraints: { token: USDC, providers: [me] } }],
    ["isolation", { spec, constraints: { token: USDC, requireCgroup: true, avoidWeaknesses: ["*"] } }],
  ];

  it.each(cases)("turn the body of a request into one that is placed: %s", (dimension, body) => {
    const request = parsed(body);
    const [first, ...others] = place(request, [unit]).relaxations;
    expect(first?.dimension).toBe(dimension);
    expect(others).toEqual([]);
    if (first?.relaxed === undefined) throw new Error("nothing to change");
    const edits = editsOf(request, first.relaxed);
    expect(edits.length).toBeGreaterThan(0);
    expect(place(request, [unit]).candidates).toHaveLength(0);
    expect(place(parsed(edited(body, edits)), [unit]).candidates).toHaveLength(1);
  });

  it("are none for what stays as it is", () => {
    const request = parsed({ spec, constraints: { token: USDC } });
    expect(editsOf(request, request)).toEqual([]);
  });
});
