import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytesOf, hashOf, OWNER, patterned, put, refusal, streamOf } from "../testing/conformance.ts";
import { openFileBlobs } from "./files.ts";

const MIB = 2 ** 20;
const DRIVER = join(import.meta.dirname, "files.ts");

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "corepool-faults-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = (place = dir) => openFileBlobs({ dir: place, maxBlobBytes: 64 * MIB });
const run = (script: string, args: readonly string[]): ChildProcess =>
  spawn("node", ["--input-type=module-typescript", "-e", script, ...args], { stdio: ["ignore", "pipe", "inherit"] });

describe("a writer that is killed at any moment", () => {
  it("leaves only blobs that match their names, and uploads that go on", { timeout: 60_000 }, async () => {
    // Sizes on both sides of a chunk, in small steps, so that kills fall anywhere.
    const bytesOfBlob = (n: number) => Buffer.alloc(1000 + (n % 5) * 300_000, `blob ${n}`);
    const script = `
      import { createHash } from "node:crypto";
      import { openFileBlobs } from ${JSON.stringify(DRIVER)};
      const blobs = await openFileBlobs({ dir: process.argv[1], maxBlobBytes: 1e9 });
      for (let n = Number(process.argv[2]); ; n++) {
        process.stdout.write(n + "\\n");
        const bytes = Buffer.alloc(1000 + (n % 5) * 300_000, "blob " + n);
        const hash = "sha256:" + createHash("sha256").update(bytes).digest("hex");
        const stream = (async function* () {
          for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
        })();
        await blobs.write(hash, { owner: ${JSON.stringify(OWNER)}, offset: 0, size: bytes.length, bytes: ReadableStream.from(stream) });
      }
    `;
    let kept = 0;
    for (let round = 0; round < 8; round++) {
      const first = round * 10_000;
      const child = run(script, [dir, String(first)]);
      let said = "";
      child.stdout?.on("data", (text: Buffer) => {
        said += text.toString();
      });
      if (child.stdout !== null) await once(child.stdout, "data");
      await wait(Math.random() * 250);
      child.kill("SIGKILL");
      await once(child, "close");
      const begun = said.trim().split("\n").map(Number);
      const blobs = await open();
      for (const n of begun) {
        const bytes = bytesOfBlob(n);
        const hash = hashOf(bytes);
        const whole = (await blobs.size(hash)) !== undefined;
        // Whatever a write had answered for is there; of the others, what is kept is gone on from.
        expect(whole || n === begun.at(-1)).toBe(true);
        if (whole) kept++;
        const received = await blobs.received(hash, OWNER);
        const rest = { owner: OWNER, offset: received, size: bytes.length, bytes: streamOf(bytes.subarray(received)) };
        if (!whole) expect((await blobs.write(hash, rest)).complete).toBe(true);
        expect(hashOf(await bytesOf(await blobs.read(hash)))).toBe(hash);
      }
      expect(await readdir(join(dir, "uploads"))).toEqual([]);
      expect(await readdir(join(dir, "quarantine"))).toEqual([]);
    }
    expect(kept).toBeGreaterThan(0);
  });
});

describe("any damage to what lies on disk", () => {
  it("is never served: a whole read gives the blob or breaks off", { timeout: 60_000 }, async () => {
    const bytes = patterned(2 * MIB + 77);
    const hash = hashOf(bytes);
    const path = join(dir, "blobs", hash.slice(7, 9), hash.slice(7));
    await put(await open(), bytes);
    const sound = { blob: await readFile(path), sidecar: await readFile(`${path}.chunks`) };
    const damage = fc.record({
      where: fc.constantFrom("blob", "sidecar", "both"),
      at: fc.nat(),
      bit: fc.nat(7),
      cut: fc.boolean(),
    });
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(damage, async ({ where, at, bit, cut }) => {
        for (const [name, file] of [
          ["blob", path],
          ["sidecar", `${path}.chunks`],
        ] as const) {
          const content = Buffer.from(sound[name]);
          await writeFile(file, content);
          if (where !== name && where !== "both") continue;
          const place = at % content.length;
          if (cut) await truncate(file, place);
          else {
            content[place] = (content[place] ?? 0) ^ (1 << bit);
            await writeFile(file, content);
          }
        }
        const blobs = await open();
        const read = await blobs
          .read(hash)
          .then(bytesOf)
          .catch(() => undefined);
        if (read !== undefined) expect(hashOf(read)).toBe(hash);
        else refused++;
        // The name decides: damage to the sidecar alone costs nothing.
        if (where === "sidecar") expect(read).toBeDefined();
        else expect(read).toBeUndefined();
      }),
      { numRuns: 60 },
    );
    expect(refused).toBeGreaterThan(0);
  });
});

describe("a machine that is out of file descriptors", () => {
  it("fails without setting sound blobs aside", async () => {
    const bytes = patterned(MIB + 5);
    await put(await open(), bytes);
    const script = `
      import { open } from "node:fs/promises";
      import { openFileBlobs } from ${JSON.stringify(DRIVER)};
      const blobs = await openFileBlobs({ dir: process.argv[1], maxBlobBytes: 1e9 });
      const held = [];
      for (;;) {
        const file = await open("/dev/null").catch(() => undefined);
        if (file === undefined) break;
        held.push(file);
      }
      const said = async (work) => work().then(() => "fine", (error) => error.code);
      const codes = [await said(() => blobs.size(process.argv[2])), await said(() => blobs.read(process.argv[2]))];
      for (const file of held) await file.close();
      console.log(JSON.stringify([...codes, await blobs.size(process.argv[2])]));
    `;
    const args = ["-c", 'ulimit -n 64; exec "$@"', "bash", "node", "--input-type=module-typescript", "-e", script];
    const said = await new Promise<string>((resolve) => {
      execFile("bash", [...args, dir, hashOf(bytes)], (_error, stdout) => resolve(stdout));
    });
    expect(JSON.parse(said)).toEqual(["EMFILE", "EMFILE", bytes.length]);
    expect(await readdir(join(dir, "quarantine"))).toEqual([]);
  });
});

/** A real file system of its own size needs root, which the machines of CI have. */
const root = process.getuid?.() === 0;
if (!root) console.log("a full disk is not tried: mounting a file system of limited size needs root");

describe.runIf(root)("a full disk", () => {
  const small = () => join(dir, "small");
  const mount = async (options: string) => {
    await mkdir(small());
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "corepool-test", small()]);
  };
  afterEach(() => execFileSync("umount", [small()]));

  /** Fills everything but `left` bytes; gives the room back. */
  const fill = async (left: number) => {
    const filler = join(small(), "filler");
    const total = Number(execFileSync("df", ["--output=avail", "-B1", small()]).toString().split("\n")[1]);
    await writeFile(filler, Buffer.alloc(Math.max(0, total - left), 1));
    return () => rm(filler);
  };

  it("is told as such, publishes nothing, damages nothing, and is gone on from when there is room", async () => {
    await mount("size=8m");
    const blobs = await open(small());
    const before = patterned(MIB);
    await put(blobs, before);
    const free = await fill(2 * MIB);
    const bytes = patterned(3 * MIB).reverse();
    const hash = hashOf(bytes);
    const slow = () => {
      let at = 0;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if (at >= bytes.length) return controller.close();
          controller.enqueue(bytes.slice(at, at + 65_536));
          at += 65_536;
        },
      });
    };
    const write = blobs.write(hash, { owner: OWNER, offset: 0, size: bytes.length, bytes: slow() });
    expect(await refusal(write)).toBe("blob-store-full");
    expect(await blobs.size(hash)).toBeUndefined();
    expect(await refusal(blobs.read(hash))).toBe("blob-not-found");
    expect(hashOf(await bytesOf(await blobs.read(hashOf(before))))).toBe(hashOf(before));
    const received = await blobs.received(hash, OWNER);
    expect(received).toBeGreaterThan(MIB);
    await free();
    const rest = { owner: OWNER, offset: received, size: bytes.length, bytes: streamOf(bytes.slice(received)) };
    expect((await blobs.write(hash, rest)).complete).toBe(true);
    expect(hashOf(await bytesOf(await blobs.read(hash)))).toBe(hash);
  });

  it("may come at any page: of the bytes, of the sidecar, of a folder", async () => {
    await mount("size=1m,nr_inodes=40");
    const outcomes = new Set<string>();
    for (let n = 0; n < 16; n++) {
      const blobs = await open(small());
      const bytes = Buffer.alloc(3 * 4096, `page ${n}`);
      const hash = hashOf(bytes);
      const free = n < 8 ? await fill(n * 4096) : await fillInodes(n - 8);
      const outcome = await refusal(put(blobs, bytes));
      outcomes.add(outcome ?? "");
      expect(await blobs.size(hash)).toBe(outcome === "resolved" ? bytes.length : undefined);
      await free();
      const received = await blobs.received(hash, OWNER);
      const rest = { owner: OWNER, offset: received, size: bytes.length, bytes: streamOf(bytes.subarray(received)) };
      expect((await blobs.write(hash, rest)).complete).toBe(true);
      expect(hashOf(await bytesOf(await blobs.read(hash)))).toBe(hash);
      expect(await readdir(join(small(), "uploads"))).toEqual([]);
      expect(await readdir(join(small(), "quarantine"))).toEqual([]);
      await blobs.remove(hash);
    }
    expect([...outcomes].sort()).toEqual(["blob-store-full", "resolved"]);
  });

  /** Leaves room for so many more files and folders. */
  async function fillInodes(left: number): Promise<() => Promise<void>> {
    const made: string[] = [];
    for (let i = 0; ; i++) {
      const name = join(small(), `inode-${i}`);
      const failed = await writeFile(name, "").then(
        () => false,
        () => true,
      );
      if (failed) break;
      made.push(name);
    }
    for (const name of made.splice(0, left)) await rm(name);
    return async () => {
      for (const name of made) await rm(name);
    };
  }

  it("lets a sound blob whose sidecar was lost be told from a lost blob", async () => {
    await mount("size=2m");
    const blobs = await open(small());
    const bytes = patterned(4096 * 5);
    await put(blobs, bytes);
    const hash = hashOf(bytes);
    const path = join(small(), "blobs", hash.slice(7, 9), hash.slice(7));
    await rm(`${path}.chunks`);
    const free = await fill(0);
    expect(await refusal(blobs.size(hash))).toBe("blob-store-full");
    await free();
    expect(await blobs.size(hash)).toBe(bytes.length);
    expect((await stat(`${path}.chunks`)).size).toBe(16 + 32);
  });
});
