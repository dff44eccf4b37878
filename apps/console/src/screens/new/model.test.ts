import type { OfferView } from "@corepool/protocol/resources";
import { explainPlacement } from "@corepool/protocol/routes/workloads";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { inputOfBytes, keptInputs, specInputs, uploadsOf } from "./inputs.ts";
import { costOf, type Draft, draftAgain, draftFor, sameAs } from "./model.ts";

const GP = { symbol: "GP", decimals: 18 };
const token = `0x${"11".repeat(20)}` as const;
const provider = `0x${"22".repeat(20)}` as const;
const draft: Draft = {
  spec: {
    kind: "job",
    name: "my job",
    command: ["python3", "-c", "print('a b')"],
    env: { A: "x y" },
    resources: { cpus: 2, memoryBytes: 2 ** 29, diskBytes: 2 ** 26, gpus: { count: 1 } },
    inputs: [{ path: "d.csv", hash: `sha256:${"0".repeat(64)}`, sizeBytes: 3 }],
    durationSeconds: 5_400,
    needs: ["numpy"],
  },
  constraints: { token, maxRate: "1500000000000000000", requireCgroup: true },
};

describe("a draft", () => {
  it("becomes the command that does the same", () => {
    expect(sameAs(draft, GP).cli).toBe(
      `corepool run --name 'my job' --cpu 2 --memory 512MiB --disk 64MiB --gpu 1 --time 90m --token GP --max-rate 1.5/s --require-cgroup --needs numpy --env 'A=x y' --input d.csv=./d.csv -- python3 -c 'print('\\''a b'\\'')'`,
    );
  });

  it("has no command where the command line has no option", () => {
    expect(sameAs({ ...draft, constraints: { token, providers: [provider] } }, GP).cli).toBeUndefined();
  });

  it("becomes a file that reads back as the same", () => {
    expect(parse(sameAs(draft, GP).yaml ?? "")).toEqual(draft);
  });

  it("of a pinned offer asks for its unit, of its provider, within its times", () => {
    const offer = {
      signed: {
        spec: {
          resources: {
            cpus: 4,
            memoryBytes: 2 ** 33,
            diskBytes: 2 ** 34,
            gpus: [{ id: "g", model: "H100", memoryBytes: 1 }],
          },
        },
        offer: { token, provider, minSeconds: 60, maxSeconds: 600 },
      },
    } as unknown as OfferView;
    const pinned = draftFor(provider, offer);
    expect(pinned.spec).toMatchObject({
      durationSeconds: 600,
      resources: { cpus: 4, memoryBytes: 2 ** 33, diskBytes: 2 ** 34, gpus: { count: 1 } },
    });
    expect(pinned.constraints).toEqual({ token, providers: [provider] });
  });

  it("of an earlier workload is that one, its files by their hashes, without the most that it was to cost", () => {
    const { spec, constraints } = explainPlacement.body.parse({
      spec: {
        ...draftFor(token).spec,
        command: ["python3", "train.py"],
        env: { SEED: "1" },
        inputs: [{ path: "train.py", hash: `sha256:${"1".repeat(64)}`, sizeBytes: 12, executable: true }],
      },
      constraints: { token, providers: [provider], maxRate: "7", maxEscrow: "9", requireCgroup: true },
    });
    const again = draftAgain({ spec, constraints });
    expect(again.constraints).toEqual({ token, providers: [provider], requireCgroup: true });
    expect(explainPlacement.body.parse(again).spec).toEqual(spec);
    const files = keptInputs(spec.inputs);
    expect(specInputs(files)).toEqual(spec.inputs);
    expect(uploadsOf([...files, inputOfBytes("new.txt", new Uint8Array([1]))])).toHaveLength(1);
  });

  it("is one that the coordinator takes as soon as it has a command", () => {
    const empty = draftFor(token);
    expect(explainPlacement.body.safeParse(empty).success).toBe(false);
    expect(explainPlacement.body.safeParse({ ...empty, spec: { ...empty.spec, command: ["true"] } }).success).toBe(
      true,
    );
  });
});

describe("the price of a lease", () => {
  it("puts its whole time in escrow and risks an interval and the grace, never more than the escrow", () => {
    expect(costOf(7n, 600, 5, 10)).toEqual({ rate: 7n, escrow: 4_200n, atRisk: 105n, graceSeconds: 10 });
    expect(costOf(7n, 10, 5, 10)).toEqual({ rate: 7n, escrow: 70n, atRisk: 70n, graceSeconds: 10 });
  });
});
