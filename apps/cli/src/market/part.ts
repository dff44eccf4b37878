import type { Clock } from "@corepool/core/ports/clock";

/** A running part of the market. */
export interface RunningPart {
  readonly pid: number;
  readonly ended: Promise<string>;
  readonly stop: () => Promise<void>;
}

/** A part that is started again, with growing pauses, when it ends by itself. */
export interface Part {
  readonly name: string;
  /** Starts it and resolves once it is ready. */
  readonly start: () => Promise<RunningPart>;
}

export interface SupervisedPart {
  readonly pid: () => number | undefined;
  readonly stop: () => Promise<void>;
}

const FIRST_PAUSE_MS = 250;
/** Short, because all else waits for it and nobody but this machine is troubled by trying. */
const LONGEST_PAUSE_MS = 2_000;
/** A part that has lived this long begins again with the shortest pause: what cannot run ends sooner. */
const STEADY_MS = 5_000;

/** Starts a part and keeps it running until it is stopped. The first start's failure is the caller's; later ones are told. */
export async function supervise(
  part: Part,
  clock: Clock,
  tell: (name: string, what: string) => void,
  changed: () => void,
): Promise<SupervisedPart> {
  const stopping = new AbortController();
  let running: RunningPart | undefined = await part.start();
  const keep = async (): Promise<void> => {
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      const since = clock.monotonic();
      if (running !== undefined) {
        const how = await running.ended;
        running = undefined;
        changed();
        if (stopping.signal.aborted) return;
        if (clock.monotonic() - since > STEADY_MS) pause = FIRST_PAUSE_MS;
        tell(part.name, `${how}; it is started again in ${pause / 1000} s`);
      }
      await clock.sleep(pause, stopping.signal).catch(() => undefined);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      if (stopping.signal.aborted) return;
      try {
        running = await part.start();
        changed();
        tell(part.name, "it runs again");
      } catch (error) {
        tell(part.name, `it could not be started again: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (stopping.signal.aborted) {
        await running?.stop();
        return;
      }
    }
  };
  const kept = keep();
  return {
    pid: () => running?.pid,
    stop: async () => {
      stopping.abort();
      await running?.stop();
      await kept;
    },
  };
}
