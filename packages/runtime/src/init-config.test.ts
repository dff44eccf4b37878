import { expect, test } from "vitest";
import { encodeInitConfig, type InitConfig } from "./init-config.ts";

const config: InitConfig = {
  argv: ["sh", "-c", "", "a=b"],
  env: { A: "1\n2" },
  directory: "/work",
  probeKey: new Uint8Array(32).fill(0xab),
  deadlineSeconds: 1.5,
  rlimits: [[7, 4096.7]],
  logBytes: 10,
  logBytesPerSecond: 20,
};

test("a configuration is a length and NUL-ended entries, empty words included", () => {
  const encoded = encodeInitConfig(config);
  const [head = "", body = ""] = "frame" in encoded ? encoded.frame.toString().split(/(?<=^config \d+)\n/) : [];
  expect(body.split("\0")).toEqual([
    "a=sh",
    "a=-c",
    "a=",
    "a=a=b",
    "e=A=1\n2",
    "w=/work",
    `k=${"ab".repeat(32)}`,
    "d=1500",
    "c=10",
    "b=20",
    "l=7:4096",
    "",
  ]);
  expect(head).toBe(`config ${body.length}`);
});

test.each([
  ["is empty", { argv: [] }],
  ["is empty", { argv: [""] }],
  ["NUL", { argv: ["x", "a\0e=LD_PRELOAD=x"] }],
  ["NUL", { env: { A: "\0" } }],
  ["more than 4095", { argv: new Array<string>(4096).fill("x") }],
  ["bytes", { argv: ["x", "é".repeat(2 ** 19)] }],
])("refuses what init could not take: %s", (reason, change) => {
  expect(encodeInitConfig({ ...config, ...change })).toEqual({ refused: expect.stringContaining(reason) });
});
