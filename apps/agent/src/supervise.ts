/**
 * Starts the agent, under the right user. As root it prepares the host first (system user, cgroups, workspaces, a
 * readable copy of the program) and then drops for good; as an ordinary user it only passes on. Exit code, signals and
 * standard streams are the agent's.
 *
 *   supervise.ts --state DIR [--slots N] [--slot-bytes N] [--base DIR] [-- ARGUMENTS OF THE AGENT…]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CorepoolError, codeOf } from "@corepool/core/errors";
import { prepareHost, startAgent } from "@corepool/runtime/supervisor/supervise";

const REPOSITORY = join(import.meta.dirname, "../../..");
const ENTRY = { workspace: "apps/agent", entry: "src/main.ts" };
/** Variables that the agent may read; everything else of root's environment stays behind. */
const PASSED_ON = /^COREPOOL_|^(LANG|LC_ALL|TZ|NO_COLOR|NODE_EXTRA_CA_CERTS)$/;

interface Started {
  readonly child: ChildProcess;
  readonly release: () => Promise<void>;
}

function options() {
  const { values, positionals } = parseArgs({
    options: {
      state: { type: "string" },
      slots: { type: "string", default: "4" },
      "slot-bytes": { type: "string", default: String(2 ** 30) },
      base: { type: "string" },
    },
    allowPositionals: true,
  });
  const [slots, slotBytes] = [Number(values.slots), Number(values["slot-bytes"])];
  if (values.state === undefined)
    throw new CorepoolError("bad-usage", { detail: "The agent's supervisor needs --state DIR." });
  if (!Number.isInteger(slots) || slots < 1 || slots > 256)
    throw new CorepoolError("bad-usage", { detail: "--slots is a whole number from 1 to 256." });
  if (!Number.isSafeInteger(slotBytes) || slotBytes < 2 ** 24)
    throw new CorepoolError("bad-usage", { detail: "--slot-bytes is a whole number of at least 16777216." });
  return { state: values.state, slots, slotBytes, base: values.base, args: positionals };
}

async function start(): Promise<Started> {
  const { state, slots, slotBytes, base, args } = options();
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => PASSED_ON.test(entry[0]) && entry[1] !== undefined,
    ),
  );
  if (process.getuid?.() !== 0) {
    const passed = {
      ...env,
      PATH: process.env.PATH ?? "",
      HOME: process.env.HOME ?? "",
      COREPOOL_STATE: state,
      COREPOOL_SLOTS: String(slots),
    };
    return {
      child: spawn(process.execPath, [join(REPOSITORY, ENTRY.workspace, ENTRY.entry), ...args], {
        env: passed,
        stdio: "inherit",
      }),
      release: () => Promise.resolve(),
    };
  }
  const host = await prepareHost({ state, slots, slotBytes, ...(base === undefined ? {} : { base }) });
  try {
    return {
      child: await startAgent(host, { repository: REPOSITORY, ...ENTRY, args, env }),
      release: () => host.release(),
    };
  } catch (error) {
    await host.release();
    throw error;
  }
}

try {
  const { child, release } = await start();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  const code = await new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (exit, signal) => resolve(exit ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
  await release();
  process.exitCode = code;
} catch (error) {
  const next = error instanceof CorepoolError && error.next !== undefined ? ` ${error.next}` : "";
  process.stderr.write(`corepool agent: ${error instanceof Error ? error.message : String(error)}${next}\n`);
  process.exitCode = codeOf(error) === "bad-usage" ? 2 : 7;
}
