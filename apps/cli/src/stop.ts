import { EXIT } from "@corepool/protocol/problems";
import type { Output } from "./output.ts";

/** The first Ctrl-C (or SIGTERM) asks for an orderly end, the second leaves at once. */
export function stopOnInterrupt(output: Output): { readonly signal: AbortSignal; readonly release: () => void } {
  const stop = new AbortController();
  const listen = (): void => {
    if (stop.signal.aborted) {
      output.status(undefined);
      output.line("Left at once. Whether the job has stopped, and what it cost, says: corepool jobs");
      process.exit(EXIT.interrupted);
    }
    output.line("Stopping the job and settling what it served; press Ctrl-C again to leave at once.");
    stop.abort();
  };
  process.on("SIGINT", listen);
  process.on("SIGTERM", listen);
  return {
    signal: stop.signal,
    release: () => {
      process.off("SIGINT", listen);
      process.off("SIGTERM", listen);
    },
  };
}
