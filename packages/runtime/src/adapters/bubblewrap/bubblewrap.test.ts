import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { inspectMachine } from "../../supervisor/doctor.ts";
import { inspectBubblewrap } from "./capabilities.ts";
import { olderThan } from "./host.ts";
import { readLogFile } from "./log-file.ts";
import { ordinaryPreparation } from "./ordinary.ts";
import { readStatus, resultOf, type StatusRecord } from "./result.ts";
import { initProcess, runDirectory } from "./run-directory.ts";
import { bubblewrapRuntime } from "./runtime.ts";

const root = process.getuid?.() === 0;
const init = join(import.meta.dirname, "../../../init");

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "corepool-bubblewrap-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test.runIf(root)("refuses to work as root, with a line that says what to do", async () => {
  const runtime = bubblewrapRuntime({
    preparation: await ordinaryPreparation({ stateDirectory: directory(), slots: 1 }),
  });
  const { isolation, missing } = await runtime.probeCapabilities();
  expect([isolation, missing.filter(({ fatal }) => fatal).map(({ what }) => what)]).toEqual([null, ["ordinary-user"]]);
  const spec = {
    id: "x",
    slot: "slot-0",
    argv: ["true"],
    env: {},
    inputs: [],
    limits: { cpus: 1, memoryBytes: 2 ** 24, diskBytes: 2 ** 20, pids: 4 },
    deadlineSeconds: 1,
    probeKey: new Uint8Array(32),
  };
  await expect(runtime.create(spec)).rejects.toMatchObject({
    code: "sandbox-unavailable",
    message: expect.stringContaining("runs as root"),
  });
  expect(await runtime.list()).toEqual([]);
  await runtime.close();
});

test("the doctor finds this machine able, and each lack is one line", async () => {
  const missing = await inspectMachine();
  expect(missing.filter(({ fatal }) => fatal)).toEqual([]);
  for (const { line } of missing) expect(line).toMatch(/^[^\n]+\.$/);
  const { path, version, weaknesses } = await inspectBubblewrap(root ? { uid: 65_534, gid: 65_534 } : {});
  expect(path).not.toBeNull();
  expect(weaknesses).toEqual(olderThan(version, "0.12.0") ? ["bubblewrap<0.12.0:CVE-2026-87766"] : []);
});

test("versions compare by number", () => {
  expect([
    olderThan("0.8.0", "0.12.0"),
    olderThan("0.12.0", "0.8.0"),
    olderThan("0.12", "0.12.0"),
    olderThan("1.0.0", "0.99.9"),
  ]).toEqual([true, false, false, false]);
});

const STATUS: StatusRecord = {
  reason: "exited",
  exitCode: 0,
  signal: null,
  startedBootNs: "5",
  endedBootNs: "9",
  cpuUserUs: 1,
  cpuSystemUs: 2,
  maxRssKiB: 3,
  logBytesKept: 4,
  logBytesDropped: 5,
};
test.each([
  ["a clean end", STATUS, 0, "exited"],
  ["a killed process beside a clean end", STATUS, 1, "exited"],
  [
    "the main process killed for memory",
    { ...STATUS, reason: "signalled", exitCode: null, signal: 9 },
    1,
    "out-of-memory",
  ],
  ["a shell whose child was killed for memory", { ...STATUS, exitCode: 137 }, 1, "out-of-memory"],
  ["a kill that memory has no part in", { ...STATUS, reason: "signalled", exitCode: null, signal: 9 }, 0, "signalled"],
  [
    "a stop after a process was killed for memory",
    { ...STATUS, reason: "stopped", exitCode: null, signal: 9 },
    1,
    "stopped",
  ],
  ["init killed for memory", null, 1, "out-of-memory"],
  ["init killed by someone", null, 0, "lost"],
] as const)("the reason of %s", (_, status, oomKills, reason) => {
  expect(resultOf(status, { oomKills, peakBytes: 0 }).reason).toBe(reason);
});

test("a record is believed only when it is whole", async () => {
  const path = join(directory(), "status.json");
  const whole = `${JSON.stringify(STATUS)}\n`;
  for (const text of ["", whole.slice(0, 20), whole.slice(0, -1)]) {
    writeFileSync(path, text);
    expect(await readStatus(path)).toBeNull();
  }
  writeFileSync(path, whole);
  expect(await readStatus(path)).toEqual(STATUS);
});

test("a torn record at the end of the log is left for the next reading", async () => {
  const path = join(directory(), "output.log");
  const header = Buffer.alloc(16);
  header.writeUInt32LE(2, 0);
  header.writeUInt32LE(5, 4);
  header.writeBigUInt64LE(77n, 8);
  const record = Buffer.concat([header, Buffer.from("hello")]);
  for (const cut of [5, 16, 20]) {
    writeFileSync(path, Buffer.concat([record, record.subarray(0, cut)]));
    expect(await readLogFile(path, 0, 1000)).toEqual({
      chunks: [{ stream: "stderr", bytes: Buffer.from("hello"), bootNs: 77n, next: 21 }],
      next: 21,
    });
    expect(await readLogFile(path, 21, 1000)).toEqual({ chunks: [], next: 21 });
  }
});

test("a process that took over init's number is not mistaken for it", async () => {
  const run = runDirectory(directory(), "x");
  mkdirSync(run.path, { recursive: true });
  writeFileSync(run.info, JSON.stringify({ "child-pid": process.pid }));
  expect(await initProcess(run, "x")).toBeNull();
});

test("init refuses to run without what it needs, in one line", () => {
  const binary = join(init, "bin", `init-linux-${process.arch}`);
  for (const args of [[], ["serve"], ["launch"], ["launch", "-s"], ["launch", "-s", "/x", "--"]]) {
    expect(() => execFileSync(binary, args, { stdio: "pipe" })).toThrow(/^Command failed[^\n]*\ninit: [^\n]+\n?$/);
  }
});

const compiler = (): string => {
  try {
    return execFileSync("gcc", ["--version"], { encoding: "utf8" });
  } catch {
    return "";
  }
};
test.runIf(compiler().includes("(Debian 12.2.0"))(
  "the committed init is what its source compiles to",
  () => {
    expect(execFileSync(process.execPath, [join(init, "build.ts"), "--check"], { encoding: "utf8" })).toContain(
      "as committed",
    );
  },
  60_000,
);
