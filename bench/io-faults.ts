import { attempt, callsOf, plansOf, ROADS } from "@corepool/sim/io/sweep";

/**
 * `bench io-faults`: every I/O call that coordinator, agent and client make on four roads from a wish to a settled lease,
 * each failed once, once with its answer lost, and with its process killed before and behind it. Afterwards everything
 * is restarted. COREPOOL_IO_FAULTS_EVERY (1): only every so many of them. `io_faults.wrong` must be 0.
 */
export async function run(print: (name: string, value: number, unit: string) => void): Promise<void> {
  const every = Number(process.env.COREPOOL_IO_FAULTS_EVERY ?? 1);
  let [tried, succeeded, explained, wrong] = [0, 0, 0, 0];
  for (const road of ROADS) {
    const calls = await callsOf(road);
    print(`io_faults.calls.${road.name.replaceAll(" ", "_")}`, calls.length, "calls");
    for (const [i, plan] of plansOf(calls).entries()) {
      if (i % every !== 0) continue;
      const trial = await attempt(road, plan);
      tried += 1;
      if (trial.wrong.length > 0 || (!trial.succeeded && trial.reason === undefined)) {
        wrong += 1;
        const { process: who, what } = trial.call ?? { process: "nobody", what: "did nothing" };
        console.error(`${road.name}, call ${plan.call}, ${who} ${what} ${plan.fault}: ${trial.wrong.join("; ")}`);
      } else if (trial.succeeded) succeeded += 1;
      else explained += 1;
    }
  }
  print("io_faults.tried", tried, "faults");
  print("io_faults.succeeded", succeeded, "faults");
  print("io_faults.with_reason", explained, "faults");
  print("io_faults.wrong", wrong, "faults");
  if (wrong > 0) throw new Error("a call that went wrong had consequences; see above");
}
