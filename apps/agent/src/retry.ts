import { codeOf } from "@corepool/core/errors";
import type { Clock } from "@corepool/core/ports/clock";
import { isProblemCode, PROBLEMS } from "@corepool/protocol/problems";

const FIRST_MS = 500;
const LONGEST_MS = 10_000;

/** Worth another try besides the retryable ones: a token that a reconnect renews, an upload that another went on with. */
const ALSO = new Set(["unauthenticated", "blob-offset-mismatch"]);

function worthAnother(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined || !isProblemCode(code)) return false;
  return ALSO.has(code) || "retryable" in PROBLEMS[code];
}

/** Does the work, again with growing pauses while it fails for want of a connection, until it succeeds or is aborted. */
export async function persist<T>(clock: Clock, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let pause = FIRST_MS; ; pause = Math.min(LONGEST_MS, pause * 2)) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !worthAnother(error)) throw error;
    }
    await clock.sleep(pause, signal);
  }
}
