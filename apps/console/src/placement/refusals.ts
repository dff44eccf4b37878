import type { Refusal } from "@corepool/protocol/resources";

/** Offers that are refused for the same reason. */
export interface RefusalGroup {
  readonly dimension: Refusal["dimension"];
  readonly count: number;
  /** What was asked, and some of the different things that there were instead. */
  readonly asked: string;
  readonly had: readonly string[];
  /** Whether there were more of them. */
  readonly more: boolean;
}

/** Examples of what there was that are told. */
const MOST_EXAMPLES = 3;

/** Refusals by their first reason, the most frequent first. */
export function groupRefusals(refusals: readonly Refusal[]): readonly RefusalGroup[] {
  return [...Map.groupBy(refusals, ({ dimension }) => dimension)]
    .map(([dimension, group]) => {
      const had = [...new Set(group.map((each) => each.had))];
      return {
        ...{ dimension, count: group.length, asked: group[0]?.asked ?? "" },
        ...{ had: had.slice(0, MOST_EXAMPLES), more: had.length > MOST_EXAMPLES },
      };
    })
    .sort((a, b) => b.count - a.count);
}
