import { useEffect, useState } from "react";
import { client } from "../../../data/client.ts";
import type { LogReader } from "./reader.ts";

/**
 * The log of the open workload. It is read from when somebody first looks at it, and goes on while he looks at something
 * else here, so that coming back shows it at once.
 * @param over whether nothing more is written to it
 */
export function useLog(
  id: string,
  wanted: boolean,
  newestAttempt: string | undefined,
  over: boolean,
): LogReader | undefined {
  const [reader, setReader] = useState<LogReader | undefined>(undefined);
  const [settled] = useState({ over });
  settled.over = over;
  const read = reader !== undefined;
  useEffect(() => {
    if (!wanted || read) return;
    let here = true;
    // Loaded when somebody looks at a log: few do.
    void import("./reader.ts").then(({ createLogReader }) => {
      if (here) setReader(createLogReader(client, id, () => !settled.over));
    });
    return () => {
      here = false;
    };
  }, [wanted, read, id, settled]);
  // Another attempt has a log of its own. The stream that waits for the first attempt finds it by itself.
  const begins = newestAttempt ?? "";
  const [first, setFirst] = useState(begins);
  useEffect(() => setFirst((now) => (now === "" ? begins : now)), [begins]);
  const again = first === "" || first === begins ? "" : begins;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` names the attempt whose log is read
  useEffect(() => {
    if (reader === undefined) return;
    const leave = new AbortController();
    void reader.read(leave.signal);
    return () => leave.abort(new DOMException("The page no longer reads the log.", "AbortError"));
  }, [reader, again]);
  return reader;
}
