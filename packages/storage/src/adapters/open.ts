import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { CorepoolError } from "@corepool/core/errors";
import type { Blobs } from "@corepool/core/ports/blobs";
import { openFileBlobs } from "./files.ts";
import { S3Blobs } from "./s3.ts";
import { systemCode } from "./uploads.ts";

/** A store of blobs that an address named. */
export interface OpenedBlobs {
  readonly blobs: Blobs;
  /** Why the store cannot be used now, in one sentence without secrets; undefined when it can. */
  readonly trouble: () => Promise<string | undefined>;
}

const PROBE_MS = 2_000;

/**
 * Opens the store at an address: a folder (`/data/blobs`, `file:///data/blobs`) or a bucket,
 * `s3://BUCKET[/PREFIX]?endpoint=URL[&region=NAME]`. A bucket's credentials come from the environment as AWS names them
 * (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), never from the address, which is printed at start.
 * @throws CorepoolError `setup-failed` when the address or the environment is not complete
 */
export async function openBlobs(
  address: string,
  options: { readonly maxBlobBytes: number; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<OpenedBlobs> {
  const { maxBlobBytes } = options;
  if (!address.startsWith("s3:")) {
    const dir = address.startsWith("file:") ? fileURLToPath(address) : address;
    return { blobs: await openFileBlobs({ dir, maxBlobBytes }), trouble: () => folderTrouble(dir) };
  }
  const url = URL.parse(address);
  const endpoint = url?.searchParams.get("endpoint");
  const bucket = url?.hostname ?? "";
  if (url == null || bucket === "" || endpoint == null || !/^https?:\/\/[^/?#@]+$/.test(endpoint))
    throw wrong(
      "The address of the blob store must be s3://BUCKET[/PREFIX]?endpoint=http(s)://HOST[:PORT][&region=NAME].",
    );
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = options.env;
  if (url.username !== "" || url.password !== "")
    throw wrong("Credentials do not belong into the address of the blob store.");
  if (!accessKeyId || !secretAccessKey) throw wrong("The blob store's credentials are not set.");
  const path = url.pathname.replace(/^\/+|\/+$/g, "");
  const blobs = new S3Blobs({
    endpoint,
    bucket,
    prefix: path === "" ? "" : `${path}/`,
    region: url.searchParams.get("region") ?? "us-east-1",
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
    },
    maxBlobBytes,
  });
  return { blobs, trouble: () => blobs.trouble(PROBE_MS) };
}

async function folderTrouble(dir: string): Promise<string | undefined> {
  return stat(dir).then(
    (found) => (found.isDirectory() ? undefined : `the blob store's folder ${dir} is not a folder`),
    (error: unknown) => `the blob store's folder ${dir} cannot be read (${systemCode(error) ?? "unknown"})`,
  );
}

const wrong = (detail: string) =>
  new CorepoolError("setup-failed", {
    detail,
    next: "Correct COREPOOL_BLOBS; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.",
  });
