import { CorepoolError } from "@corepool/core/errors";
import { badRequest } from "./problem.ts";

/** Largest JSON body, bytes. Blobs go through their own route. */
export const MAX_JSON_BYTES = 2 ** 20;
/** Deepest nesting of arrays and objects. No schema of ours comes near. */
const MAX_DEPTH = 32;

const tooLarge = () =>
  new CorepoolError("body-too-large", {
    detail: `The body is larger than ${MAX_JSON_BYTES} bytes.`,
    next: "Send large data as blobs and refer to them by hash.",
    data: { maxBytes: MAX_JSON_BYTES },
  });

/** Reads a JSON body within its limits. Rejects with `unsupported-media-type`, `body-too-large` or `bad-request`. */
export async function readJsonBody(request: Request): Promise<{ readonly value: unknown; readonly bytes: Uint8Array }> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new CorepoolError("unsupported-media-type", {
      detail: `The body is ${type === undefined || type === "" ? "of no declared type" : `"${type.slice(0, 80)}"`}; this route takes application/json.`,
      next: "Send content-type: application/json.",
    });
  }
  if (request.headers.has("content-encoding")) {
    throw new CorepoolError("unsupported-media-type", {
      detail: "Compressed bodies are not accepted.",
      next: "Send the body without content-encoding.",
    });
  }
  const bytes = await readLimited(request);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw badRequest([{ pointer: "", code: "encoding", message: "the body is not UTF-8" }]);
  }
  if (depthOf(text) > MAX_DEPTH) {
    throw badRequest([{ pointer: "", code: "depth", message: `the body nests deeper than ${MAX_DEPTH} levels` }]);
  }
  try {
    return { value: JSON.parse(text, refusePrototype), bytes };
  } catch (error) {
    if (error instanceof CorepoolError) throw error;
    throw badRequest([{ pointer: "", code: "json", message: "the body is not JSON" }]);
  }
}

/** `__proto__` is no key of any schema, but of a record it could become one. */
function refusePrototype(key: string, value: unknown): unknown {
  if (key === "__proto__")
    throw badRequest([{ pointer: "", code: "key", message: 'the key "__proto__" is not allowed' }]);
  return value;
}

async function readLimited(request: Request): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_JSON_BYTES) throw tooLarge();
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request.body ?? []) {
    length += part.byteLength;
    if (length > MAX_JSON_BYTES) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}

/** Deepest nesting of a JSON text, without parsing it. Brackets inside strings do not count. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x7d || c === 0x5d) depth--;
  }
  return deepest;
}
