import { afterAll } from "vitest";
import { systemClock } from "../platform/adapters/system-clock.ts";
import { openEventLog } from "../platform/events/event-log.ts";
import { openTestDatabase } from "../testing/database.ts";
import { storeConformance } from "../testing/store-conformance.ts";
import { postgresStore } from "./store.ts";

const opened: { close(): Promise<void> }[] = [];
afterAll(() => Promise.all(opened.map((each) => each.close())));

storeConformance("on PostgreSQL", async () => {
  const test = await openTestDatabase();
  opened.push(test);
  return postgresStore(test.database, openEventLog(test.database.reader, systemClock));
});
