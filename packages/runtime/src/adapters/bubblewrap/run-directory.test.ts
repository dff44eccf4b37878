import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readStatus } from "./result.ts";
import { initProcess, listRunDirectories, readMeta, runDirectory } from "./run-directory.ts";

function state(): string {
  const path = mkdtempSync(join(tmpdir(), "corepool-run-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test("what is not there is no sandbox", async () => {
  const run = runDirectory(state(), "none");
  expect(await listRunDirectories(state())).toEqual([]);
  expect([await readMeta(run), await readStatus(run.status), await initProcess(run, "none")]).toEqual([
    null,
    null,
    null,
  ]);
});

test("what cannot be read is not taken for a sandbox that is gone", async () => {
  const broken = state();
  writeFileSync(join(broken, "run"), "");
  await expect(listRunDirectories(broken)).rejects.toMatchObject({ code: "ENOTDIR" });
  const run = runDirectory(state(), "one");
  mkdirSync(join(run.path, "meta.json"), { recursive: true });
  mkdirSync(run.status);
  symlinkSync(run.info, run.info);
  await expect(readMeta(run)).rejects.toMatchObject({ code: "EISDIR" });
  await expect(readStatus(run.status)).rejects.toMatchObject({ code: "EISDIR" });
  await expect(initProcess(run, "one")).rejects.toMatchObject({ code: "ELOOP" });
});
