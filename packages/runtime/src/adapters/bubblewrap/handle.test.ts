import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openSandbox } from "./handle.ts";
import { runDirectory } from "./run-directory.ts";

const RECORD = {
  reason: "exited",
  exitCode: 0,
  signal: null,
  startedBootNs: "1",
  endedBootNs: "2",
  cpuUserUs: 0,
  cpuSystemUs: 0,
  maxRssKiB: 1,
  logBytesKept: 0,
  logBytesDropped: 0,
};

/** A sandbox of an earlier boot, so that nothing of it runs. */
function ended() {
  const state = mkdtempSync(join(tmpdir(), "corepool-handle-"));
  onTestFinished(() => rmSync(state, { recursive: true }));
  const run = runDirectory(state, "one");
  const workspace = join(state, "workspace");
  for (const path of [run.path, workspace]) mkdirSync(path, { recursive: true });
  const meta = {
    id: "one",
    slot: "slot-0",
    workspace,
    quota: true,
    diskBytes: 1,
    memoryBytes: 1,
    bootId: "an earlier boot",
    isolation: {
      runtime: "bubblewrap",
      runtimeVersion: "0.12.0",
      user: "operator",
      limits: "rlimit",
      workspace: "watched",
      seccomp: true,
      network: "none",
      weaknesses: [],
    },
  } as const;
  let destroyed = 0;
  const open = () =>
    openSandbox({ ...meta, isolation: { ...meta.isolation, weaknesses: [] } }, run, null, null, "this boot", () => {
      destroyed += 1;
    });
  return { run, workspace, open, destroyed: () => destroyed };
}

test("a record that cannot be read for a while does not make a loss of the workload", async () => {
  const { run, open } = ended();
  mkdirSync(run.status);
  const { handle } = open();
  await new Promise((resolve) => setTimeout(resolve, 100));
  rmdirSync(run.status);
  writeFileSync(run.status, `${JSON.stringify(RECORD)}\n`);
  expect(await handle.wait()).toMatchObject({ reason: "exited", exitCode: 0 });
});

test("a sandbox that could not be destroyed is destroyed when it is asked again", async () => {
  const { run, workspace, open, destroyed } = ended();
  writeFileSync(run.status, `${JSON.stringify(RECORD)}\n`);
  const { handle } = open();
  rmdirSync(workspace);
  await expect(handle.destroy()).rejects.toMatchObject({ code: "ENOENT" });
  expect(destroyed()).toBe(0);
  mkdirSync(workspace);
  await Promise.all([handle.destroy(), handle.destroy()]);
  expect(destroyed()).toBe(1);
});
