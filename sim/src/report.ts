import type { Outcome } from "./world/run.ts";

/** What somebody needs who looks for the defect behind a seed. */
export function reportOf({ seed, swarm, violations, struck, notes }: Outcome): string {
  return [
    `seed ${seed}:`,
    ...violations.map(({ invariant, detail, atMs }) => `  at ${atMs} ms, violated: ${invariant}: ${detail}`),
    `  struck: ${struck.join(", ")}`,
    `  world: ${JSON.stringify(swarm)}`,
    ...notes.slice(-15).map((note) => `  ${note.slice(0, 300)}`),
  ].join("\n");
}
