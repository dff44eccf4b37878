import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { patterned, put, refusal } from "../testing/conformance.ts";
import { openBlobs } from "./open.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "hunter2" };
const open = (address: string, env: Record<string, string> = KEYS) => openBlobs(address, { maxBlobBytes: 1000, env });

describe("the address of a blob store", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "corepool-blobs-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("may be a folder, which is missed when it goes away", async () => {
    for (const address of [join(dir, "a b"), pathToFileURL(join(dir, "a b")).href]) {
      const { blobs, trouble } = await open(address, {});
      expect((await put(blobs, patterned(10))).complete).toBe(true);
      expect(await trouble()).toBeUndefined();
    }
    const { trouble } = await open(join(dir, "a b"));
    await rm(dir, { recursive: true });
    expect(await trouble()).toContain("ENOENT");
  });

  it("may be a bucket, whose silence is told", async () => {
    const { trouble } = await open("s3://bucket/some/prefix?endpoint=http://127.0.0.1:1&region=eu-central-1");
    expect(await trouble()).toBe("the blob store at 127.0.0.1:1 does not answer");
  });

  it.each([
    "s3://bucket",
    "s3:///?endpoint=http://127.0.0.1:1",
    "s3://bucket?endpoint=ftp://127.0.0.1",
    "s3://bucket?endpoint=http://user:pass@127.0.0.1",
    "s3://id:hunter2@bucket?endpoint=http://127.0.0.1:1",
  ])("is refused when it is %s", async (address) => {
    expect(await refusal(open(address))).toBe("setup-failed");
  });

  it("needs credentials for a bucket", async () => {
    expect(await refusal(open("s3://bucket?endpoint=http://127.0.0.1:1", {}))).toBe("setup-failed");
  });
});
