import { setTimeout as wait } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

/** Reads an account over and over, and tells how long each answer took (ms), or what else came. */
const { url, token, everyMs } = workerData as { url: string; token: string; everyMs: number };

for (;;) {
  const started = performance.now();
  try {
    const response = await fetch(`${url}/v1/account`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(20_000),
    });
    await response.arrayBuffer();
    parentPort?.postMessage(response.status === 200 ? performance.now() - started : `status ${response.status}`);
  } catch (error) {
    parentPort?.postMessage(String(error));
  }
  await wait(everyMs);
}
