import { CorepoolError } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";
import type { Blobs } from "@corepool/core/ports/blobs";
import { headBlob, readBlob, writeBlob } from "@corepool/protocol/routes/blobs";
import { type Api, Reply } from "../platform/http/call.ts";
import { problemOf, problemResponse } from "../platform/http/problem.ts";
import type { BlobAccess } from "./access.ts";
import { rangeOf } from "./range.ts";
import { type UploadDesk, uploadHeaders } from "./upload.ts";

/** The same answer for what is not there and what the caller may not know of. */
const notFound = (hash: BlobHash) =>
  new CorepoolError("blob-not-found", {
    detail: `There is no blob ${hash} that you may read.`,
    next: "Upload it first, or check its name.",
  });

const rangeOutside = (size: number) =>
  new CorepoolError("range-not-satisfiable", {
    detail: `The blob has ${size} bytes.`,
    next: "Ask for a range within them.",
    data: { size },
  });

/** A blob never changes under its name; it is the caller's own, so no shared cache may keep it. */
const CACHE = { "cache-control": "private, max-age=31536000, immutable" };

/** Binds the blob routes. */
export function bindBlobs(
  api: Api,
  parts: { readonly blobs: Blobs; readonly access: BlobAccess; readonly desk: UploadDesk },
): void {
  const { blobs, access, desk } = parts;

  api.bind(headBlob, async ({ params, caller }) => {
    const size = (await access.mayRead(caller, params.hash)) ? await blobs.size(params.hash) : undefined;
    const whole = size !== undefined && (await access.delivered(caller, params.hash));
    const offset = whole ? size : await desk.received(caller, params.hash);
    const upload = { "upload-complete": whole ? "?1" : "?0", "upload-offset": String(offset) };
    if (size === undefined) return new Reply(undefined, { status: 404, headers: upload });
    // How far an upload has come changes; what is read under the name never does.
    const headers = { "cache-control": "no-store", "content-length": String(size), "accept-ranges": "bytes" };
    return new Reply(undefined, { headers: { ...headers, ...upload } });
  });

  api.bind(readBlob, async ({ params, caller, request, requestId }) => {
    const size = (await access.mayRead(caller, params.hash)) ? await blobs.size(params.hash) : undefined;
    if (size === undefined) throw notFound(params.hash);
    const headers = {
      ...CACHE,
      "accept-ranges": "bytes",
      "content-disposition": `attachment; filename="${params.hash.slice("sha256:".length)}"`,
      etag: `"${params.hash}"`,
    };
    const range = rangeOf(request.headers.get("range"), size);
    if (range === "unsatisfiable") {
      const outside = problemOf(rangeOutside(size), requestId);
      return problemResponse(outside, { "content-range": `bytes */${size}` });
    }
    if (range === undefined) {
      return new Reply(await blobs.read(params.hash), { headers: { ...headers, "content-length": String(size) } });
    }
    return new Reply(await blobs.read(params.hash, range), {
      status: 206,
      headers: {
        ...headers,
        "content-length": String(range.end - range.start),
        "content-range": `bytes ${range.start}-${range.end - 1}/${size}`,
      },
    });
  });

  api.bind(writeBlob, async ({ params, caller, request }) => {
    const { offset, size } = uploadHeaders(request);
    const bytes = request.body ?? new Blob([]).stream();
    const { received, complete } = await desk.take({ caller, hash: params.hash, offset, size, bytes });
    return new Reply({ hash: params.hash, received, complete }, { status: complete ? 201 : 202 });
  });
}
