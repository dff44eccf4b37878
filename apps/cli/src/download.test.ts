import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { outputFolder } from "./download.ts";

it("makes a folder with those above it, and says where none can be made", async () => {
  const base = await mkdtemp(join(tmpdir(), "corepool-outputs-"));
  onTestFinished(() => rm(base, { recursive: true }));
  await outputFolder(join(base, "a", "b"));
  await outputFolder(join(base, "a", "b"));
  expect((await stat(join(base, "a", "b"))).isDirectory()).toBe(true);
  await writeFile(join(base, "file"), "");
  // Below /proc a folder that is made whole is tried for ever.
  for (const path of [join(base, "file"), join(base, "file", "below"), "/proc/nope", "/proc/nope/below"])
    await expect(outputFolder(path)).rejects.toMatchObject({ code: "bad-usage" });
});
