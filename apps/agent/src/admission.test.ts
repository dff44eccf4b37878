import { jobSpec } from "@corepool/protocol/spec";
import { privateKeyToAccount } from "viem/accounts";
import { expect, it } from "vitest";
import { type AdmissionContext, admit, type OwnUnit } from "./admission.ts";
import type { Assignment } from "./journal-entries.ts";

const key = privateKeyToAccount(`0x${"11".repeat(32)}`);
const offer = { token: key.address, payTo: key.address, rate: "5", grace: 10 };
const own = {
  spec: { resources: { cpus: 1, memoryBytes: 2 ** 30, diskBytes: 1_000, gpus: [] }, devices: ["cpu:0"], software: [] },
  offers: [offer],
} as unknown as OwnUnit;
const context = { busy: [], now: 1 } as unknown as AdmissionContext;

const workWith = (...sizes: readonly number[]): Assignment => {
  const inputs = sizes.map((sizeBytes, i) => ({ path: `f${i}`, hash: `sha256:${"0".repeat(64)}` as const, sizeBytes }));
  return {
    leasePublicKey: key.publicKey,
    terms: { ...offer, key: key.address, end: 100 },
    spec: { ...jobSpec.parse({ kind: "job", command: ["true"], resources: { diskBytes: 2 ** 20 }, inputs }) },
  } as unknown as Assignment;
};
const small = (work: Assignment): Assignment => ({
  ...work,
  spec: { ...work.spec, resources: { ...work.spec.resources, diskBytes: 1_000 } },
});

it("refuses inputs that together are larger than the unit's disk, whoever let them pass", () => {
  expect(() => admit(small(workWith(400, 600)), own, context)).not.toThrow();
  expect(() => admit(small(workWith(400, 601)), own, context)).toThrow(/inputs of 1001 bytes/);
});
