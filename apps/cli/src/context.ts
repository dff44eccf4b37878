import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";
import { systemClock, systemRandom } from "@corepool/sdk/adapters/system";
import type { Command } from "commander";
import { type Home, homeOf } from "./home.ts";
import { createOutput, type Output } from "./output.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly rpc?: string;
  readonly wallet?: string;
  readonly yes?: boolean;
}

/** Everything a command works with. */
export interface Context {
  readonly home: Home;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options: GlobalOptions;
  readonly output: Output;
  readonly clock: Clock;
  readonly random: Random;
}

/** The context of a command that commander has parsed. */
export function contextOf(command: Command): Context {
  const options = command.optsWithGlobals<GlobalOptions>();
  return {
    home: homeOf(process.env),
    env: process.env,
    options,
    output: createOutput({
      json: options.json === true,
      stdout: process.stdout,
      stderr: process.stderr,
      env: process.env,
    }),
    clock: systemClock,
    random: systemRandom,
  };
}
