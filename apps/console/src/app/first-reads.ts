import type { Route } from "@corepool/protocol/route";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { getMarket, getNetwork, listOffers } from "@corepool/protocol/routes/market";
import { listWorkloadEvents } from "@corepool/protocol/routes/records";
import { getWorkload, listWorkloads } from "@corepool/protocol/routes/workloads";

/** Rows of one page of a list that is read whole. */
export const PER_PAGE = 200;

/** A read that a screen begins with. Parameters of its path are those of the screen's own path, by their names. */
export interface FirstRead {
  readonly route: Route;
  /** Whether it is the first page of a list that is read whole. */
  readonly whole: boolean;
}

const one = (route: Route): FirstRead => ({ route, whole: false });
const whole = (route: Route): FirstRead => ({ route, whole: true });

const OF_SCREENS: Readonly<Record<string, readonly FirstRead[]>> = {
  market: [whole(listOffers)],
  network: [one(getNetwork)],
  workload: [one(getWorkload), one(listWorkloadEvents)],
  workloads: [whole(listWorkloads)],
  billing: [one(getAccount)],
};

/**
 * What the screen of a folder reads first: the page asks for it before the screen's code is here, and the screen finds it.
 * Every screen reads the market, for its bar says on which network this is.
 */
export function firstReads(screen: string): readonly FirstRead[] {
  return [one(getMarket), ...(OF_SCREENS[screen] ?? [])];
}
