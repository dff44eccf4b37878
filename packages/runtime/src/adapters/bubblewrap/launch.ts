import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { CorepoolError } from "@corepool/core/errors";
import { type InitConnection, openInitConnection } from "./connection.ts";
import type { RunDirectory } from "./run-directory.ts";

export interface LaunchOptions {
  readonly run: RunDirectory;
  readonly init: string;
  readonly bubblewrap: string;
  readonly filter: string;
  /** Files of cgroups to join before anything else. */
  readonly cgroups: readonly string[];
  readonly bubblewrapArguments: readonly string[];
  /** The configuration frame of init. */
  readonly config: Buffer;
}

/**
 * Starts the sandbox and resolves with its first connection once the workload runs. The processes are in a session of
 * their own with files for output: they survive the agent.
 */
export function launch(options: LaunchOptions): Promise<InitConnection> {
  const { run, init, bubblewrap, filter, cgroups, config } = options;
  const { promise, resolve, reject } = Promise.withResolvers<InitConnection>();
  const child = spawn(
    init,
    [
      "launch",
      ...cgroups.flatMap((path) => ["-g", path]),
      "-s",
      filter,
      "--",
      bubblewrap,
      ...options.bubblewrapArguments,
    ],
    { cwd: run.path, detached: true, env: {}, stdio: ["ignore", "ignore", "ignore", "pipe"] },
  );
  child.unref();
  child.on("error", (cause) =>
    reject(
      new CorepoolError("sandbox-failed", {
        detail: `The sandbox's launcher ${init} could not be started: ${cause.message}.`,
        cause,
      }),
    ),
  );
  const stream = child.stdio[3] as Duplex | null | undefined;
  if (!stream) return promise;
  const connection = openInitConnection(stream, () => resolve(connection));
  stream.write(config);
  void connection.closed.then(async () => {
    const said = (await readFile(run.errors, "utf8").catch(() => "")).trim().slice(0, 2000);
    reject(
      new CorepoolError("sandbox-failed", {
        detail: `The sandbox could not be started: ${said === "" ? "it ended without a word" : said}.`,
        next: "Run corepool doctor on this machine.",
      }),
    );
  });
  return promise;
}

/**
 * Connects to the init of a running sandbox, or resolves with null when none listens. The socket is named by way of
 * an open directory: socket addresses hold 107 bytes only, run directories may be deeper.
 */
export function reconnect(run: RunDirectory): Promise<InitConnection | null> {
  const { promise, resolve } = Promise.withResolvers<InitConnection | null>();
  let directory: number;
  try {
    directory = openSync(run.path, "r");
  } catch {
    return Promise.resolve(null);
  }
  const socket = connect(`/proc/self/fd/${directory}/control.sock`);
  const refused = (): void => resolve(null);
  socket.once("error", refused);
  socket.once("connect", () => {
    socket.off("error", refused);
    resolve(openInitConnection(socket));
  });
  void promise.then(() => closeSync(directory));
  return promise;
}
