/**
 * An agent that is replaced while its workload runs: `start` leaves a sandbox behind, `finish` is the next agent, which
 * finds it, probes it and ends it. Prints what it saw as JSON. For the supervisor's test.
 */
import { readFile } from "node:fs/promises";
import { preparation } from "../adapters/bubblewrap/preparation.ts";
import { bubblewrapRuntime } from "../adapters/bubblewrap/runtime.ts";

const runtime = bubblewrapRuntime({
  preparation: preparation.parse(JSON.parse(await readFile(process.env.COREPOOL_PREPARATION ?? "", "utf8"))),
});
const limits = { cpus: 1, memoryBytes: 2 ** 26, diskBytes: 2 ** 24, pids: 8 };
const capabilities = await runtime.probeCapabilities();
if (process.argv[2] === "start") {
  const handle = await runtime.create({
    id: "held",
    slot: "slot-0",
    argv: ["sh", "-c", "echo kept > outputs/file; exec sleep 100"],
    env: {},
    inputs: [],
    limits,
    deadlineSeconds: 120,
    probeKey: new Uint8Array(32),
  });
  process.stdout.write(JSON.stringify({ capabilities, ids: await runtime.list(), isolation: handle.isolation }));
} else {
  const handle = await runtime.attach("held");
  const mac = await handle?.probe(new Uint8Array(32));
  await handle?.stop(0);
  const result = await handle?.wait();
  const outputs = await handle?.outputs();
  await handle?.destroy();
  process.stdout.write(
    JSON.stringify({ mac: mac?.length, reason: result?.reason, outputs: outputs?.files, ids: await runtime.list() }),
  );
}
await runtime.close();
