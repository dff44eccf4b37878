import { setTimeout as wait } from "node:timers/promises";
import type { WorkloadView } from "@corepool/protocol/resources";
import { isLive } from "@corepool/sdk/chain";
import { attendWorkload, orderWorkload } from "@corepool/sdk/run";
import type { ChaosClient } from "./clients.ts";
import type { Dice } from "./dice.ts";

/** Seconds between two words of a job. */
export const BEAT_SECONDS = 0.25;

/** Says who it is and what time it is, several times a second, for as long as its second word says. */
const BEATS = `import sys, time, uuid
me, beats = uuid.uuid4().hex, int(sys.argv[1])
for i in range(beats):
    print(me, i, repr(time.time()), flush=True)
    time.sleep(${BEAT_SECONDS})
print(me, beats, repr(time.time()), flush=True)
`;

/** A job that was accepted, and how it came out. */
export interface ChaosJob {
  readonly mark: string;
  readonly beats: number;
  readonly workload: string;
  readonly client: ChaosClient;
  /** As it ended; undefined when its client was left without an end. */
  ended: WorkloadView | undefined;
  /** Why its client gave up, which it must not. */
  failure: string | undefined;
  /** Its log by attempt. */
  readonly log: Map<string, string>;
}

export interface Crew {
  readonly jobs: readonly ChaosJob[];
  /** Jobs that run at this moment, as their clients see it. */
  readonly running: () => number;
  /** Orders that were refused: nothing was accepted, so nothing is owed. */
  readonly refused: ReadonlyMap<string, number>;
  /** Takes no more jobs and resolves when all that were accepted have ended. */
  readonly finish: () => Promise<void>;
}

/** One job after another for every client, until told to finish. */
export function startCrew(options: {
  readonly clients: readonly ChaosClient[];
  readonly prefix: string;
  readonly dice: Dice;
  /** Quarters of a second. */
  readonly beats: { readonly least: number; readonly most: number };
  /** Jobs per client; without: until `finish`. */
  readonly each?: number;
}): Crew {
  const jobs: ChaosJob[] = [];
  const refused = new Map<string, number>();
  const live = new Set<string>();
  let open = true;
  let count = 0;

  const one = async (client: ChaosClient, beats: number): Promise<boolean> => {
    const mark = `${options.prefix}-${count++}`;
    let job: ChaosJob | undefined;
    const context = {
      ...client.context,
      isLive: (terms: Parameters<typeof isLive>[1]) => isLive(client.chain, terms),
      on: (event: Parameters<NonNullable<typeof client.context.on>>[0]) => {
        // Accepted from here on, whatever becomes of the order.
        if (event.type === "placed" && job === undefined) {
          job = {
            mark,
            beats,
            workload: event.workload.id,
            client,
            ended: undefined,
            failure: undefined,
            log: new Map(),
          };
          jobs.push(job);
        }
        if (event.type === "state" && job !== undefined) {
          if (event.workload.state === "running") live.add(mark);
          else live.delete(mark);
        }
        if (event.type === "log" && job !== undefined) {
          const { attempt, data } = event.record;
          job.log.set(attempt, (job.log.get(attempt) ?? "") + Buffer.from(data, "base64").toString("utf8"));
        }
      },
    };
    try {
      const ordered = await orderWorkload(context, {
        spec: {
          kind: "job",
          command: ["python3", "-c", BEATS, String(beats), mark],
          resources: { cpus: 1, memoryBytes: 64 * 2 ** 20, diskBytes: 2 ** 20 },
          durationSeconds: 120,
        },
        constraints: { token: client.context.market.contracts.gp, requireCgroup: false },
        uploads: [],
      });
      const ended = await attendWorkload(context, ordered);
      if (job !== undefined) job.ended = ended;
      return true;
    } catch (error) {
      const why =
        error instanceof Error ? `${"code" in error ? `${String(error.code)}: ` : ""}${error.message}` : String(error);
      if (job !== undefined) job.failure = why;
      else {
        const code = why.split(":")[0] ?? why;
        refused.set(code, (refused.get(code) ?? 0) + 1);
      }
      return false;
    } finally {
      live.delete(mark);
    }
  };

  const worker = async (client: ChaosClient): Promise<void> => {
    const dice = options.dice.fork();
    for (let done = 0; open && done < (options.each ?? Number.POSITIVE_INFINITY); ) {
      const beats = dice.between(options.beats.least, options.beats.most);
      if (await one(client, beats)) done++;
      else await wait(300);
    }
  };
  const workers = options.clients.map(worker);
  return {
    jobs,
    refused,
    running: () => live.size,
    finish: async () => {
      if (options.each === undefined) open = false;
      await Promise.all(workers);
    },
  };
}

/** A run of a job's program, as its own lines tell it. */
export interface Life {
  readonly token: string;
  readonly from: number;
  readonly to: number;
  readonly beats: readonly number[];
}

/** Every run of the program that a job's log names, in seconds of the host's clock. Throws on a line that is none of its. */
export function livesOf(log: string): readonly Life[] {
  const lives = new Map<string, { from: number; to: number; beats: number[] }>();
  for (const line of log.split("\n").slice(0, -1)) {
    const [, token, beat, time] = /^([0-9a-f]{32}) (\d+) ([\d.]+)$/.exec(line) ?? [];
    if (token === undefined) throw new Error(`a line of the log is damaged: ${JSON.stringify(line)}`);
    const at = Number(time);
    const life = lives.get(token) ?? { from: at, to: at, beats: [] };
    life.to = at;
    life.beats.push(Number(beat));
    lives.set(token, life);
  }
  return [...lives].map(([token, life]) => ({ token, ...life }));
}
