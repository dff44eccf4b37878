import type { AgentMessages, ProbeAnswers } from "@corepool/core/ports/store-messages";
import type { MarketDocuments } from "../market/documents.ts";
import type { Tx } from "../platform/database/database.ts";
import { notifyOnCommit } from "../platform/events/notify-on-commit.ts";

/** The topic on which whoever holds a machine's connection listens. */
export const machineTopic = (machine: string): string => `machine:${machine}`;

/** Boxes of agents on PostgreSQL. */
export function messageRepository(tx: Tx): AgentMessages<MarketDocuments> {
  const drop = async (machine: `0x${string}`, key: string) => {
    await tx.deleteFrom("agent_messages").where("machine", "=", machine).where("key", "=", key).execute();
  };
  return {
    drop,
    async put(machine, key, message) {
      // A replaced message gets a new number: to the agent it is a new message.
      await drop(machine, key);
      await tx
        .insertInto("agent_messages")
        .values({ machine, key, message: JSON.stringify(message) })
        .execute();
      await notifyOnCommit(tx, machineTopic(machine));
    },
    async of(machine) {
      const rows = await tx
        .selectFrom("agent_messages")
        .selectAll()
        .where("machine", "=", machine)
        .orderBy("seq")
        .execute();
      return rows.map((row) => ({
        seq: row.seq,
        machine: row.machine,
        key: row.key,
        message: row.message as MarketDocuments["message"],
      }));
    },
    async acknowledge(machine, seq) {
      await tx.deleteFrom("agent_messages").where("machine", "=", machine).where("seq", "=", seq).execute();
    },
  };
}

/** The topic on which the answer to a probe is told. */
export const probeTopic = (request: string): string => `probe:${request}`;

/** Answers to probes on PostgreSQL. */
export function probeRepository(tx: Tx): ProbeAnswers {
  return {
    async leave(request, { answer, frozen }, at, forget) {
      await tx.deleteFrom("probe_answers").where("at", "<", new Date(forget)).execute();
      await tx
        .insertInto("probe_answers")
        .values({ request, answer, frozen, at: new Date(at) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await notifyOnCommit(tx, probeTopic(request));
    },
    async take(request) {
      return tx
        .deleteFrom("probe_answers")
        .where("request", "=", request)
        .returning(["answer", "frozen"])
        .executeTakeFirst();
    },
  };
}
