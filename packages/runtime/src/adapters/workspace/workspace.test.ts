import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { listOutputs, readOutput } from "./outputs.ts";
import { diskUsage } from "./usage.ts";
import { wipe } from "./wipe.ts";

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "corepool-workspace-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("wiping empties any tree and touches nothing outside it", async () => {
  const outside = directory();
  writeFileSync(join(outside, "kept"), "kept");
  const tree = fc.array(
    fc.tuple(
      fc.array(fc.constantFrom("a", "b", ".wiped-0", ".wiped-1"), { minLength: 1, maxLength: 6 }),
      fc.constantFrom("file", "directory", "link", "closed"),
    ),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(tree, async (entries) => {
      const root = directory();
      for (const [parts, kind] of entries) {
        const path = join(root, ...parts);
        try {
          mkdirSync(join(path, ".."), { recursive: true });
          if (kind === "file") writeFileSync(path, "x");
          else if (kind === "link") symlinkSync(outside, path);
          else mkdirSync(path);
          if (kind === "closed") chmodSync(path, 0);
        } catch {
          // The entry clashes with an earlier one, or lies in a closed directory.
        }
      }
      await wipe(root);
      expect(readdirSync(root)).toEqual([]);
      expect(readFileSync(join(outside, "kept"), "utf8")).toBe("kept");
    }),
    { numRuns: 60 },
  );
});

test("wiping takes more entries than one reading gives, and needs no longer path for a deeper tree", async () => {
  const root = directory();
  for (let i = 0; i < 2300; i++) writeFileSync(join(root, `f${i}`), "");
  let deep = root;
  for (let i = 0; i < 15; i++) deep = join(deep, "d".repeat(250));
  mkdirSync(deep, { recursive: true });
  await wipe(root);
  expect(readdirSync(root)).toEqual([]);
});

test("disk use counts blocks, stops at the limit, and takes too many entries for too much", async () => {
  const root = directory();
  mkdirSync(join(root, "sub"));
  for (let i = 0; i < 10; i++) writeFileSync(join(root, "sub", `f${i}`), Buffer.alloc(10_000));
  const used = await diskUsage(root, 2 ** 40, 1000);
  expect(used).toBeGreaterThanOrEqual(100_000);
  expect(await diskUsage(root, 20_000, 1000)).toBeLessThan(used);
  expect(await diskUsage(root, 2 ** 40, 5)).toBe(Number.POSITIVE_INFINITY);
  expect(await diskUsage(join(root, "missing"), 1, 1)).toBe(0);
});

test("an output that became a link after the listing is not read", async () => {
  const root = directory();
  mkdirSync(join(root, "outputs/sub"), { recursive: true });
  writeFileSync(join(root, "outputs/sub/f"), "mine");
  writeFileSync(join(root, "secret"), "secret");
  expect((await listOutputs(root)).files).toEqual([{ path: "sub/f", bytes: 4 }]);
  rmSync(join(root, "outputs/sub"), { recursive: true });
  symlinkSync(root, join(root, "outputs/sub"));
  await expect(readOutput(root, "sub/secret").next()).rejects.toMatchObject({ code: "path-escape" });
  expect(existsSync(join(root, "outputs/sub/secret"))).toBe(true);
});

test("total size and number of outputs are bounded, and refusals are counted beyond those listed", async () => {
  const root = directory();
  mkdirSync(join(root, "outputs"));
  for (let i = 0; i < 150; i++) symlinkSync("/etc", join(root, "outputs", `l${i}`));
  writeFileSync(join(root, "outputs/big"), Buffer.alloc(1000));
  const listing = await listOutputs(root, { maxFiles: 1000, maxDepth: 3, maxTotalBytes: 999 });
  expect([listing.files, listing.refused.length, listing.refusedCount, listing.totalBytes]).toEqual([[], 100, 151, 0]);
});
