import { listWorkloads } from "@corepool/protocol/routes/workloads";
import { call } from "../data/client.ts";

/** Where nobody is in the middle of anything: signing in elsewhere leads nowhere else. */
const LOBBY: readonly string[] = ["/", "/market"];

/** Whether whoever just signed in should be shown the first steps: an account that has never run anything. */
export async function isNewHere(path: string): Promise<boolean> {
  if (!LOBBY.includes(path)) return false;
  // What cannot be told leads nowhere: it is only a welcome.
  const first = await call(listWorkloads, { query: { limit: 1 } }).catch(() => undefined);
  return first !== undefined && first.data.length === 0;
}
