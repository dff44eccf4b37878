import { CorepoolError } from "@corepool/core/errors";
import type { Clock } from "@corepool/core/ports/clock";
import { isPlainText } from "./plain-text.ts";
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

/** How long a JSON body may take to arrive. */
const MOST_MS = 15_000;

const tooSlow = () =>
  new CorepoolError("request-timeout", {
    detail: `The body did not arrive within ${MOST_MS / 1000} s.`,
    next: "Send it again over a faster connection.",
  });

/**
 * Reads a JSON body within its limits. Rejects with `unsupported-media-type`, `body-too-large`, `request-timeout` or
 * `bad-request`.
 */
export async function readJsonBody(
  request: Request,
  clock: Clock,
): Promise<{ readonly value: unknown; readonly bytes: Uint8Array }> {
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
  const bytes = await readLimited(request, clock);
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
    return { value: JSON.parse(text, refuseUnfit), bytes };
  } catch (error) {
    if (error instanceof CorepoolError) throw error;
    throw badRequest([{ pointer: "", code: "json", message: "the body is not JSON" }]);
  }
}

/**
 * `__proto__` is no key of any schema, but of a record it could become one. Text with NUL or half a surrogate pair is
 * none that a database, a command line or another program could take.
 */
function refuseUnfit(key: string, value: unknown): unknown {
  if (key === "__proto__")
    throw badRequest([{ pointer: "", code: "key", message: 'the key "__proto__" is not allowed' }]);
  if (!isPlainText(key) || (typeof value === "string" && !isPlainText(value)))
    throw badRequest([{ pointer: "", code: "text", message: "text must be Unicode without NUL" }]);
  return value;
}

async function readLimited(request: Request, clock: Clock): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_JSON_BYTES) throw tooLarge();
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const whole = new AbortController();
  const late = clock.sleep(MOST_MS, whole.signal).then(
    () => "late" as const,
    () => "over" as const,
  );
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), late]);
      if (typeof next === "string") throw tooSlow();
      if (next.done) return Buffer.concat(parts, length);
      length += next.value.byteLength;
      if (length > MAX_JSON_BYTES) throw tooLarge();
      parts.push(next.value);
    }
  } finally {
    whole.abort();
    // What was not read is of no interest; that there is no more to cancel is no event either.
    reader.cancel().catch(() => undefined);
  }
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
