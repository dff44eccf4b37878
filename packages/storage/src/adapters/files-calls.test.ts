import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Blobs } from "@corepool/core/ports/blobs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bytesOf, hashOf, OWNER, patterned, streamOf } from "../testing/conformance.ts";
import { FILE_FAULTS, type FilePlan, withFiles } from "../testing/failing-files.ts";
import { openFileBlobs } from "./files.ts";

const bytes = patterned(54_321);
const hash = hashOf(bytes);
/** As an upload whose connection broke once on the way. */
const PARTS = [30_000, bytes.length];
const MOST_TRIES = 4;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "corepool-calls-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = (folder: string) => openFileBlobs({ dir: folder, maxBlobBytes: 2 ** 26 });

async function upTo(blobs: Blobs, end: number): Promise<boolean> {
  if ((await blobs.size(hash)) !== undefined) return true;
  const offset = await blobs.received(hash, OWNER);
  const part = { owner: OWNER, offset, size: bytes.length, bytes: streamOf(bytes.subarray(offset, end)) };
  return (await blobs.write(hash, part)).complete;
}

/** Does it, as somebody does who tries again when it fails. */
async function persist<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
    }
  }
}

type Wrap = (blobs: Blobs) => Blobs;
const asItIs: Wrap = (blobs) => blobs;

interface Progress {
  stored: boolean;
}

async function live(folder: string, progress: Progress, wrap: Wrap): Promise<void> {
  const blobs = wrap(await persist(() => open(folder)));
  for (const end of PARTS) progress.stored = await persist(() => upTo(blobs, end));
  const read = await persist(async () => bytesOf(await blobs.read(hash)));
  if (hashOf(read) !== hash) throw new Error("other bytes were served");
}

/** What is wrong when one call went wrong on the way of a blob; undefined when nothing is. */
async function wrongAfter(plan: FilePlan, wrap = asItIs): Promise<string | undefined> {
  const folder = await mkdtemp(join(dir, "one-"));
  const progress = { stored: false };
  const { struck, outcome } = await withFiles(folder, plan, () => live(folder, progress, wrap));
  if (!struck) return "the call was never made";
  if (outcome?.status === "rejected") return String(outcome.reason);
  const blobs = await open(folder);
  const size = await blobs.size(hash);
  if (progress.stored && size === undefined) return "what was stored is gone";
  if (size !== undefined && hashOf(await bytesOf(await blobs.read(hash))) !== hash) return "other bytes are served";
  if (!(await upTo(blobs, bytes.length))) return "the upload cannot be ended";
  if (hashOf(await bytesOf(await blobs.read(hash))) !== hash) return "other bytes are served in the end";
  if ((await readdir(join(folder, "quarantine"))).length > 0) return "a sound blob was set aside";
  const left = await readdir(join(folder, "uploads"));
  let known = 0;
  for await (const _ of blobs.unfinished()) known += 1;
  // What a process that died had taken is given back when another opens the store: here both are the same process.
  if (outcome !== undefined && left.length > known) return `nobody knows of what is left: ${left.join()}`;
  await rm(folder, { recursive: true });
}

it("stores and serves what was sent, whichever call on the disk goes wrong, and however", {
  timeout: 120_000,
}, async () => {
  const whole = await mkdtemp(join(dir, "whole-"));
  const { calls, outcome } = await withFiles(whole, undefined, () => live(whole, { stored: false }, asItIs));
  expect(outcome?.status).toBe("fulfilled");
  expect(new Set(calls)).toContain("handle.sync");
  const wrong: string[] = [];
  for (const call of calls.keys()) {
    for (const fault of FILE_FAULTS) {
      const code = call % 2 === 0 ? "EIO" : "ENOSPC";
      const found = await wrongAfter({ call, fault, code });
      if (found !== undefined) wrong.push(`${calls[call]} ${call} ${fault}: ${found}`);
    }
  }
  expect(wrong).toEqual([]);
});

it("finds a store that says that a blob is there when its write failed", { timeout: 60_000 }, async () => {
  const lying: Wrap = (blobs) => ({
    size: (hash) => blobs.size(hash),
    received: (...name) => blobs.received(...name),
    read: (...wanted) => blobs.read(...wanted),
    write: (name, part) => blobs.write(name, part).catch(() => ({ complete: true, received: part.size })),
    discard: (...name) => blobs.discard(...name),
    unfinished: () => blobs.unfinished(),
    remove: (hash) => blobs.remove(hash),
  });
  const whole = await mkdtemp(join(dir, "whole-"));
  const { calls } = await withFiles(whole, undefined, () => live(whole, { stored: false }, asItIs));
  let found: string | undefined;
  for (const call of calls.keys()) found ??= await wrongAfter({ call, fault: "fails", code: "EIO" }, lying);
  expect(found).toBeDefined();
});
