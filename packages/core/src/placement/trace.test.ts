import { describe, expect, it } from "vitest";
import { arrivals, capacityOf, parseTrace } from "./trace.ts";

const NODES = "sn,cpu_milli,memory_mib,gpu,model\nn0,64000,262144,2,P100\nn1,96000,786432,8,V100\n";
const PODS =
  "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\np0,4000,1024,0,0,\np1,1000,10,1,460,P100|V100\np2,1000,10,8,1000,\n";

describe("a trace", () => {
  it("is read with its machines and demands, counted rows too", () => {
    const trace = parseTrace(NODES, PODS);
    expect(trace.machines.map(({ id, capacity }) => [id, capacity.devices.length])).toEqual([
      ["n0", 2],
      ["n1", 8],
    ]);
    expect(trace.demands.map(({ gpus, gpuMilli, models }) => [gpus, gpuMilli, models])).toEqual([
      [0, 0, undefined],
      [1, 460, ["P100", "V100"]],
      [8, 1_000, undefined],
    ]);
    expect(capacityOf(trace)).toBe(10_000);
    const counted = parseTrace(
      "sn,count,cpu_milli,memory_mib,gpu,model\nn,3,1000,10,1,T4\n",
      "count,cpu_milli,memory_mib,num_gpu,gpu_milli\n5,1,1,1,500\n",
    );
    expect(counted.machines.map(({ id }) => id)).toEqual(["n-0", "n-1", "n-2"]);
    expect(counted.demands).toHaveLength(5);
  });

  it("arrives in an order that the seed decides, every demand of the list before any comes again", () => {
    const trace = parseTrace(NODES, PODS);
    const one = arrivals(trace, 7);
    expect(arrivals(trace, 7)).toEqual(one);
    expect(new Set(one.slice(0, 3))).toEqual(new Set(trace.demands));
    const small = { ...trace, demands: trace.demands.slice(1, 2) };
    // 13,000 thousandths by 460 each.
    expect(arrivals(small, 1)).toHaveLength(29);
    expect(arrivals(small, 1, 2)).toHaveLength(44);
    const asked = one.map(({ gpus, gpuMilli }) => gpus * gpuMilli);
    const sum = asked.reduce((a, b) => a + b, 0);
    expect(sum).toBeGreaterThanOrEqual(13_000);
    expect(sum - (asked.at(-1) ?? 0)).toBeLessThan(13_000);
  });

  it.each([
    ["a column is missing", NODES.replace("gpu,", "gpus,"), PODS],
    ["a line is short", `${NODES}n2,1\n`, PODS],
    ["a machine is there twice", `${NODES}n0,1,1,1,T4\n`, PODS],
    ["a number is none", NODES.replace("64000", "many"), PODS],
    ["a number is absurd", NODES.replace(",2,P100", ",9999999,P100"), PODS],
    ["a number is missing", NODES, PODS.replace("4000", "")],
    ["a share is above one", NODES, PODS.replace("460", "1460")],
    ["nothing is asked for", NODES, "cpu_milli,memory_mib,num_gpu,gpu_milli\n"],
  ])("is refused when %s", (_, nodes, pods) => {
    expect(() => parseTrace(nodes, pods)).toThrow(expect.objectContaining({ code: "bad-request" }) as Error);
  });

  it("is not played when nothing in it asks for a device", () => {
    const trace = parseTrace(NODES, "cpu_milli,memory_mib,num_gpu,gpu_milli\n1,1,0,0\n");
    expect(() => arrivals(trace, 1)).toThrow(expect.objectContaining({ code: "bad-request" }) as Error);
  });
});
