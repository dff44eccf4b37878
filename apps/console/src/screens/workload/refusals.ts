import type { Refusal } from "@corepool/protocol/resources";

/** Machines that refuse for the same reason. */
export interface RefusalGroup {
  readonly dimension: Refusal["dimension"];
  readonly machines: number;
  /** What was asked, and some of what there was. */
  readonly asked: string;
  readonly had: readonly string[];
}

/** Examples of what machines had that are told. */
const MOST_EXAMPLES = 3;

/** Refusals by their reason, the most frequent first. */
export function groupRefusals(refusals: readonly Refusal[]): readonly RefusalGroup[] {
  const groups = new Map<string, { dimension: Refusal["dimension"]; machines: number; asked: string; had: string[] }>();
  for (const { dimension, asked, had } of refusals) {
    const group = groups.get(dimension) ?? { dimension, machines: 0, asked, had: [] };
    group.machines++;
    if (!group.had.includes(had) && group.had.length < MOST_EXAMPLES) group.had.push(had);
    groups.set(dimension, group);
  }
  return [...groups.values()].sort((a, b) => b.machines - a.machines);
}
