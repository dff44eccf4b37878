import fc from "fast-check";
import { type Capacity, type Demand, WHOLE } from "../demand.ts";

const MODELS = ["A100", "T4", "H100"] as const;

const device = fc.record({
  model: fc.constantFrom(...MODELS),
  memoryMib: fc.constantFrom(16, 80),
  shareable: fc.boolean(),
  group: fc.integer({ min: -1, max: 1 }),
});

export const capacities: fc.Arbitrary<Capacity> = fc.record({
  cpuMilli: fc.integer({ min: 0, max: 16_000 }),
  memoryMib: fc.integer({ min: 0, max: 64 }),
  diskMib: fc.integer({ min: 0, max: 64 }),
  devices: fc.array(device, { maxLength: 5 }),
});

const wishes = {
  models: fc.option(fc.subarray([...MODELS], { minLength: 1 }), { nil: undefined }),
  gpuMemoryMib: fc.option(fc.constantFrom(16, 80), { nil: undefined }),
};
const scalars = {
  cpuMilli: fc.integer({ min: 0, max: 8_000 }),
  memoryMib: fc.integer({ min: 0, max: 32 }),
  diskMib: fc.integer({ min: 0, max: 32 }),
};

export const demands: fc.Arbitrary<Demand> = fc.oneof(
  fc.record({ ...scalars, gpus: fc.constant(0), gpuMilli: fc.constant(0) }),
  fc.record({ ...scalars, ...wishes, gpus: fc.constant(1), gpuMilli: fc.integer({ min: 1, max: WHOLE }) }),
  fc.record({
    ...scalars,
    ...wishes,
    gpus: fc.integer({ min: 2, max: 4 }),
    gpuMilli: fc.constant(WHOLE),
    together: fc.boolean(),
  }),
);
