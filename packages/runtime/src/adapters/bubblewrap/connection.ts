import type { Duplex } from "node:stream";
import { CorepoolError } from "@corepool/core/errors";

/** A conversation with the init of one sandbox: one line of text per frame, answered in order. */
export interface InitConnection {
  /** Sends a frame and resolves with what follows `ok <verb>`; rejects when the answer is an error or none comes. */
  request(frame: string): Promise<string>;
  /** Resolves when init has said that the workload has ended, or the connection is gone. */
  readonly closed: Promise<void>;
  close(): void;
}

const gone = (): CorepoolError =>
  new CorepoolError("sandbox-gone", { detail: "The sandbox has ended or its init does not answer." });

/** How long init may take to answer. It is throttled with its workload, so this is generous. */
const ANSWER_MS = 10_000;

/** Speaks over a connected stream. @param onReady called for the `ready` line that follows the configuration */
export function openInitConnection(stream: Duplex, onReady: () => void = () => undefined): InitConnection {
  const waiting: {
    verb: string;
    resolve: (text: string) => void;
    reject: (error: Error) => void;
    timer: NodeJS.Timeout;
  }[] = [];
  let buffered = "";
  let open = true;
  const ended = Promise.withResolvers<void>();

  const finish = (): void => {
    open = false;
    for (const { reject, timer } of waiting.splice(0)) {
      clearTimeout(timer);
      reject(gone());
    }
    stream.destroy();
    ended.resolve();
  };

  const onLine = (line: string): void => {
    if (line === "ready") {
      onReady();
      return;
    }
    const next = line === "ended" ? undefined : waiting.shift();
    if (next === undefined) {
      finish();
      return;
    }
    clearTimeout(next.timer);
    const prefix = `ok ${next.verb}`;
    if (line === prefix || line.startsWith(`${prefix} `)) next.resolve(line.slice(prefix.length + 1));
    else
      next.reject(
        new CorepoolError("sandbox-failed", { detail: `The sandbox's init refused "${next.verb}": ${line}.` }),
      );
  };

  stream.on("data", (data: Buffer) => {
    buffered += data.toString("latin1");
    for (let end = buffered.indexOf("\n"); end >= 0 && open; end = buffered.indexOf("\n")) {
      const line = buffered.slice(0, end);
      buffered = buffered.slice(end + 1);
      onLine(line);
    }
    if (buffered.length > 4096) finish();
  });
  for (const event of ["error", "end", "close"]) stream.on(event, finish);

  return {
    request(frame) {
      if (!open) return Promise.reject(gone());
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const timer = setTimeout(finish, ANSWER_MS);
      waiting.push({ verb: frame.split(" ", 1)[0] ?? frame, resolve, reject, timer });
      stream.write(`${frame}\n`);
      return promise;
    },
    closed: ended.promise,
    close: finish,
  };
}
