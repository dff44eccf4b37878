/** What a workload used at one moment. `cpuMs` counts all processor time since it started. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly cpuMs: number;
  readonly memoryBytes: number;
  /** Null where nobody measures it. */
  readonly diskBytes: number | null;
  readonly processes: number;
}

/** A stretch of time: processors in use on average, and the most of everything else. */
export interface UsagePoint {
  readonly at: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number | null;
  readonly processes: number;
}

const most = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((top, value) => (value === null ? top : Math.max(top ?? 0, value)), null);

/**
 * At most `points` stretches of equal length over samples in order of time, each at its last sample. A peak of memory
 * or disk is never lost; processor time is neither lost nor counted twice.
 */
export function usagePoints(samples: readonly Sample[], points: number): readonly UsagePoint[] {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return [];
  const length = Math.max(1, (last.at - first.at) / points);
  const stretches = new Map<number, Sample[]>();
  for (const sample of samples) {
    const place = Math.min(points - 1, Math.floor((sample.at - first.at) / length));
    stretches.set(place, [...(stretches.get(place) ?? []), sample]);
  }
  let before: Sample = { ...first, cpuMs: first.cpuMs };
  return [...stretches.values()].map((stretch) => {
    const end = stretch.at(-1) ?? before;
    const passed = end.at - before.at;
    const used = Math.max(0, end.cpuMs - before.cpuMs);
    before = end;
    return {
      at: end.at,
      cpus: passed <= 0 ? 0 : Math.round((used / passed) * 1000) / 1000,
      memoryBytes: most(stretch.map((sample) => sample.memoryBytes)) ?? 0,
      diskBytes: most(stretch.map((sample) => sample.diskBytes)),
      processes: most(stretch.map((sample) => sample.processes)) ?? 0,
    };
  });
}
