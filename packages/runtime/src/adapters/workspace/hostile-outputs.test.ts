import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { HOSTILE_TREES, TREE_BOUNDS } from "./hostile-trees.ts";
import { listOutputs, readOutput } from "./outputs.ts";
import { wipe } from "./wipe.ts";

const root = process.getuid?.() === 0;
const SECRET = "the host's secret";

/** A workspace, and beside it on the same file system a directory of the host. */
function workspace(): { work: string; outside: string; untouched: () => Promise<void> } {
  const base = mkdtempSync(join(tmpdir(), "corepool-outputs-"));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const [work, outside] = [join(base, "work"), join(base, "outside")];
  mkdirSync(join(work, "outputs"), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(outside, "secret"), SECRET);
  const changed = lstat(join(outside, "secret"));
  return {
    work,
    outside,
    async untouched() {
      expect(readdirSync(outside)).toEqual(["secret"]);
      expect(readFileSync(join(outside, "secret"), "utf8")).toBe(SECRET);
      expect((await lstat(join(outside, "secret"))).mtimeMs).toBe((await changed).mtimeMs);
    },
  };
}

async function contentOf(work: string, path: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readOutput(work, path)) pieces.push(piece);
  return Buffer.concat(pieces).toString("latin1");
}

test("the corpus has at least fifty trees", () => {
  expect(HOSTILE_TREES.length).toBeGreaterThanOrEqual(50);
  expect(new Set(HOSTILE_TREES.map(({ name }) => name)).size).toBe(HOSTILE_TREES.length);
});

describe("collecting outputs from", () => {
  for (const { name, make, files, refused, root: needsRoot } of HOSTILE_TREES)
    test.runIf(root || needsRoot !== true)(name, async () => {
      const { work, outside, untouched } = workspace();
      make(work, outside);
      const listing = await listOutputs(work, TREE_BOUNDS);
      const paths = listing.files.map(({ path }) => path);
      if (files[0] !== "*") expect(paths).toEqual(files.toSorted());
      else expect(paths.length).toBeGreaterThan(0);
      expect(paths.length).toBeLessThanOrEqual(TREE_BOUNDS.maxFiles);
      expect(listing.totalBytes).toBeLessThanOrEqual(TREE_BOUNDS.maxTotalBytes);
      const reasons = listing.refused.map(({ reason }) => reason);
      expect(new Set(reasons)).toEqual(new Set(refused));
      if (refused.length < 3) expect(reasons.length).toBeGreaterThanOrEqual(refused.length);
      expect(listing.refusedCount).toBeGreaterThanOrEqual(reasons.length);
      for (const { path, bytes } of listing.files.slice(0, 20)) {
        const content = bytes < 2 ** 20 ? await contentOf(work, path) : "";
        expect(content.length).toBe(bytes < 2 ** 20 ? bytes : 0);
        expect(content).not.toContain(SECRET);
      }
      await untouched();
      rmSync(join(work, "other"), { force: true });
      await wipe(work);
      expect(readdirSync(work)).toEqual([]);
      await untouched();
    });
});

test("no path reads anything that is not a plain output", async () => {
  const { work, outside, untouched } = workspace();
  writeFileSync(join(work, "outputs/f"), "mine");
  mkdirSync(join(work, "outputs/d"));
  symlinkSync(outside, join(work, "outputs/d/link"));
  symlinkSync(join(outside, "secret"), join(work, "outputs/link"));
  linkSync(join(outside, "secret"), join(work, "outputs/twice"));
  const deep = `${"../".repeat(20)}${outside.slice(1)}/secret`;
  const paths = [
    "",
    ".",
    "..",
    "/",
    "../outside/secret",
    deep,
    `${outside}/secret`,
    "d/../f",
    "./f",
    "f/",
    "d//f",
    "f/.",
  ];
  paths.push(
    "f\0",
    "f\0.txt",
    "d\\..\\f",
    "link",
    "d/link",
    "d/link/secret",
    "twice",
    "d",
    "missing",
    "f".repeat(2000),
  );
  for (const path of paths)
    await expect(contentOf(work, path), JSON.stringify(path)).rejects.toMatchObject({ code: "path-escape" });
  expect(await contentOf(work, "f")).toBe("mine");
  await untouched();
});

/** Exchanges `outputs/place` and `other` of a workspace as fast as it can, each time at once for whoever looks. */
const SWAPPER = `
import ctypes, os, platform, sys
os.chdir(sys.argv[1])
libc = ctypes.CDLL(None)
number = 276 if platform.machine() == 'aarch64' else 316
assert libc.syscall(number, -100, b'outputs/place', -100, b'other', 2) == 0
print('ready', flush=True)
while os.getppid() != 1: libc.syscall(number, -100, b'outputs/place', -100, b'other', 2)
`;

async function swapping(work: string): Promise<ChildProcess> {
  const child = spawn("python3", ["-c", SWAPPER, work], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

const RACES: readonly [string, string, (place: string, other: string, outside: string) => void][] = [
  [
    "a directory for a link",
    "place/secret",
    (place, other, outside) => {
      mkdirSync(place);
      writeFileSync(join(place, "secret"), "mine");
      symlinkSync(outside, other);
    },
  ],
  [
    "a file for a link",
    "place",
    (place, other, outside) => {
      writeFileSync(place, "mine");
      symlinkSync(join(outside, "secret"), other);
    },
  ],
  [
    "a file for a hard link",
    "place",
    (place, other, outside) => {
      writeFileSync(place, "mine");
      linkSync(join(outside, "secret"), other);
    },
  ],
  [
    "a file for a FIFO",
    "place",
    (place, other) => {
      writeFileSync(place, "mine");
      execFileSync("python3", ["-c", "import os,sys; os.mkfifo(sys.argv[1])", other]);
    },
  ],
];

test.each(RACES)("a process that swaps %s meanwhile has nothing else published", async (kind, path, make) => {
  const { work, outside } = workspace();
  make(join(work, "outputs/place"), join(work, "other"), outside);
  await swapping(work);
  const seen = { mine: 0, refused: 0 };
  for (let i = 0; i < 400 || (seen.mine === 0 && i < 4000); i++) {
    await listOutputs(work, TREE_BOUNDS);
    const content = await contentOf(work, path).catch((error: { code?: string }) => error.code);
    expect(["mine", "path-escape"]).toContain(content);
    seen[content === "mine" ? "mine" : "refused"]++;
  }
  expect(seen.mine).toBeGreaterThan(0);
  expect(seen.refused).toBeGreaterThan(0);
  if (kind.endsWith("FIFO")) return;
  // The control: who goes by names, and looks first, is led astray before long.
  let astray = false;
  for (let i = 0; i < 20_000 && !astray; i++) {
    const stat = await lstat(join(work, "outputs", path)).catch(() => null);
    if (!stat?.isFile()) continue;
    astray = (await readFile(join(work, "outputs", path), "utf8").catch(() => "")) === SECRET;
  }
  expect(astray).toBe(true);
});
