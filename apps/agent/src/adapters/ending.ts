import { EXIT } from "@corepool/protocol/problems";

/** The end of the agent's process: it is asked for by a signal, and has a deadline. */
export interface Ending {
  /** Aborted when the end has been asked for. */
  readonly signal: AbortSignal;
  /** How long an ordered end may take, ms. */
  patienceMs: number;
  /** What the end waits for now, a few words each. */
  open: () => readonly string[];
}

/**
 * Listens for SIGTERM, SIGINT and SIGHUP. The first asks for an ordered end; past the deadline the process says what was
 * still open and leaves with a failure. The second leaves at once. Nothing is lost either way: the journal is on disk,
 * and sandboxes live on.
 */
export function endOnSignal(): Ending {
  const stopping = new AbortController();
  const ending: Ending = { signal: stopping.signal, patienceMs: 15_000, open: () => [] };
  const end = (): void => {
    if (stopping.signal.aborted) process.exit(EXIT.interrupted);
    stopping.abort();
    const tooSlow = (): void => {
      process.stderr.write(
        `${JSON.stringify({ level: 50, part: "agent", open: ending.open(), msg: "agent.stop-too-slow" })}\n`,
      );
      process.exit(EXIT.internal);
    };
    setTimeout(tooSlow, ending.patienceMs).unref();
  };
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, end);
  return ending;
}
