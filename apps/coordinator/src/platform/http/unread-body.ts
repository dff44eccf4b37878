import type { IncomingMessage, ServerResponse } from "node:http";

/** Bytes of a body that are still taken once its request is refused. */
const MOST_AFTER_REFUSAL = 256 * 1024;
/** How long a refused sender may take to notice. */
const LINGER_MS = 500;

/**
 * Sees to what is left of a body after its answer. Must be called before Node's own listener of "finish" runs, which
 * would read and drop whatever still comes: 100 MB, if a client sends 100 MB.
 */
export function readNoFurther(request: IncomingMessage, response: ServerResponse): void {
  response.on("prefinish", () => {
    if (!request.complete && !request.destroyed) drain(request);
  });
}

/**
 * The answer to a request whose body is refused half-way. A body that is too long to be swallowed ends its connection:
 * the answer says so (`connection: close`) and is held open until its sender has stopped, or for half a second, since
 * closing at once would reset the connection and could take the answer with it (RFC 9112, section 9.6).
 */
export async function refusedHalfway(answer: Response, request: IncomingMessage): Promise<Response> {
  if (request.complete || !answer.headers.get("content-type")?.startsWith("application/problem+json")) return answer;
  if (Number(request.headers["content-length"] ?? Number.POSITIVE_INFINITY) <= MOST_AFTER_REFUSAL) return answer;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const headers = new Headers(answer.headers);
  headers.set("connection", "close");
  headers.set("content-length", String(bytes.length));
  const lingering = new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes);
      drain(request);
      await ended(request);
      controller.close();
    },
  });
  return new Response(lingering, { status: answer.status, headers });
}

/** Reads on, so that the sender notices the answer, and stops reading when he does not. */
function drain(request: IncomingMessage): void {
  // Marks the body as one that is being read.
  request.read(0);
  let bytes = 0;
  request.on("data", (part: Buffer) => {
    bytes += part.length;
    if (bytes > MOST_AFTER_REFUSAL) request.pause();
  });
  // Who looked at the body without reading it may have left it paused.
  request.resume();
}

function ended(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LINGER_MS);
    for (const event of ["end", "close", "error"]) {
      request.once(event, () => {
        clearTimeout(timer);
        resolve();
      });
    }
  });
}
