import type { WorkloadView } from "@corepool/protocol/resources";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { sameAs } from "./same-as.ts";

const token = { address: "0x02", symbol: "GP", decimals: 18 } as const;
const workload = {
  spec: {
    kind: "job",
    name: "two words",
    command: ["python3", "-c", "print('a b')"],
    env: { SEED: "1" },
    resources: { cpus: 2, memoryBytes: 512 * 2 ** 20, diskBytes: 300_000_001, gpus: { count: 0 } },
    inputs: [{ path: "data.csv", hash: "sha256:00", sizeBytes: 1, executable: false }],
    durationSeconds: 90,
    needs: ["torch"],
  },
  constraints: { token: "0x02", maxRate: "400000000000000", requireCgroup: true },
} as unknown as WorkloadView;

describe("a workload in other words", () => {
  it("is a command that a shell reads back word for word", () => {
    expect(sameAs(workload, token).cli).toBe(
      "corepool run --name 'two words' --cpu 2 --memory 512MiB --disk 300000001B --time 90s --token GP --max-rate 0.0004/s --require-cgroup --env SEED=1 --needs torch --input data.csv=data.csv -- python3 -c 'print('\\''a b'\\'')'",
    );
  });

  it("is no command where the command line cannot say all of it", () => {
    const narrow = { ...workload, constraints: { ...workload.constraints, providers: ["0x03"] } } as WorkloadView;
    expect(sameAs(narrow, token).cli).toBeUndefined();
    expect(sameAs(narrow, token).sdk).toContain("0x03");
  });

  it("is a document that reads back as the same", () => {
    expect(parse(sameAs(workload, token).yaml ?? "")).toEqual(
      JSON.parse(JSON.stringify({ spec: workload.spec, constraints: workload.constraints })),
    );
  });
});
