import { parentPort, workerData } from "node:worker_threads";
import { attempt, callsOf, plansOf, ROADS } from "@corepool/sim/io/sweep";

/** What a worker tries: every so many plans of a road, from one to before another. */
export interface Slice {
  readonly road: number;
  readonly from: number;
  readonly to: number;
  readonly every: number;
}

/** What came of it; `wrong` has a line for each plan that had consequences. */
export interface Found {
  tried: number;
  succeeded: number;
  explained: number;
  readonly wrong: string[];
}

const { road: index, from, to, every } = workerData as Slice;
const road = ROADS[index];
if (road === undefined) throw new RangeError(`there is no road ${index}`);
const found: Found = { tried: 0, succeeded: 0, explained: 0, wrong: [] };
const plans = plansOf(await callsOf(road)).slice(from, to);
for (const [i, plan] of plans.entries()) {
  if ((from + i) % every !== 0) continue;
  const { call, wrong, succeeded, reason } = await attempt(road, plan);
  found.tried += 1;
  const lines = !succeeded && reason === undefined ? [...wrong, "no reason is given"] : wrong;
  if (lines.length > 0) {
    found.wrong.push(
      `${road.name}, call ${plan.call}, ${call?.process} ${call?.what} ${plan.fault}: ${lines.join("; ")}`,
    );
  } else if (succeeded) found.succeeded += 1;
  else found.explained += 1;
}
parentPort?.postMessage(found);
