import { randomBytes } from "node:crypto";
import { senderStoreConformance } from "../testing/sender-store-conformance.ts";
import { tempDatabase } from "../testing/temp-database.ts";
import { MemorySenderStore } from "./memory-store.ts";
import { postgresSenderStore } from "./postgres-store.ts";

senderStoreConformance("memory", async () => {
  const store = new MemorySenderStore();
  return { store, again: () => store, end: async () => undefined };
});

senderStoreConformance("PostgreSQL", async () => {
  const database = await tempDatabase();
  const account = `0x${randomBytes(20).toString("hex")}` as const;
  return {
    store: postgresSenderStore(database, account),
    again: () => postgresSenderStore(database, account),
    end: () => database.end(),
  };
});
