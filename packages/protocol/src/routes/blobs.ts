import { z } from "zod";
import { blobHash } from "../primitives.ts";
import { defineRoute } from "../route.ts";

const byHash = z.strictObject({ hash: blobHash });

/**
 * Content-Length: size of a blob that the caller may read; 404 when there is none. `Upload-Complete` (?1 or ?0): whether
 * all of its bytes came from the caller; `Upload-Offset`: how many have. After draft-ietf-httpbis-resumable-upload.
 */
export const headBlob = defineRoute({
  method: "HEAD",
  path: "/v1/blobs/{hash}",
  operationId: "headBlob",
  summary: "Ask whether a blob is there, or where its upload stopped",
  scopes: ["blobs:read", "blobs:write", "agent"],
  rate: "read",
  idempotent: false,
  params: byHash,
  response: "none",
  status: 200,
  problems: ["blob-not-found", "blob-store-unavailable"],
});

/** Range requests (one range) are answered with 206. */
export const readBlob = defineRoute({
  method: "GET",
  path: "/v1/blobs/{hash}",
  operationId: "readBlob",
  summary: "Read a blob or a range of it",
  scopes: ["blobs:read", "agent"],
  rate: "read",
  idempotent: false,
  params: byHash,
  response: "application/octet-stream",
  status: 200,
  alsoStatus: [206],
  problems: ["blob-not-found", "blob-corrupt", "range-not-satisfiable", "blob-store-unavailable"],
});

/** Body: bytes from `Upload-Offset` (default 0) of a blob of `Upload-Length` bytes. 201 when whole, 202 when more is expected. */
export const writeBlob = defineRoute({
  method: "PUT",
  path: "/v1/blobs/{hash}",
  operationId: "writeBlob",
  summary: "Upload a blob, or go on with an upload",
  scopes: ["blobs:write", "agent"],
  rate: "stream",
  idempotent: false,
  params: byHash,
  response: z.object({ hash: blobHash, received: z.int(), complete: z.boolean() }),
  status: 201,
  alsoStatus: [202],
  problems: [
    "bad-request",
    "blob-hash-mismatch",
    "blob-offset-mismatch",
    "blob-too-large",
    "blob-quota-reached",
    "blob-store-full",
    "blob-store-unavailable",
  ],
});
