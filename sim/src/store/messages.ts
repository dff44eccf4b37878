import { machineTopic, probeTopic } from "@corepool/coordinator/gateway/repository";
import type { MarketDocuments } from "@corepool/coordinator/market/documents";
import { accountTopic } from "@corepool/coordinator/market/store";
import { logTopic } from "@corepool/coordinator/workloads/log-repository";
import { within } from "@corepool/coordinator/workloads/logs";
import type {
  AgentMessage,
  AgentMessages,
  LogChunkRecord,
  LogStore,
  Outbox,
  ProbeAnswerRecord,
  ProbeAnswers,
} from "@corepool/core/ports/store-messages";
import type { SimTransaction } from "./database.ts";
import type { SimEvents } from "./events.ts";

type Message = AgentMessage<MarketDocuments>;

/** Boxes of agents in memory. */
export function simMessages(tx: SimTransaction): AgentMessages<MarketDocuments> {
  const all = () => tx.rows<Message>("agent_messages");
  const drop = async (machine: string, key: string) => {
    await tx.statement();
    for (const [seq, row] of all()) {
      if (row.machine === machine && row.key === key) await tx.write("agent_messages", seq, undefined);
    }
  };
  return {
    drop,
    async put(machine, key, message) {
      await drop(machine, key);
      // Two transactions that put under one key wait for each other, as the unique index has them do.
      await tx.lock(`agent_messages:${machine}:${key}`);
      await drop(machine, key);
      const seq = BigInt(tx.next("agent_messages"));
      await tx.write("agent_messages", String(seq), { seq, machine, key, message });
      tx.wake(machineTopic(machine));
    },
    async of(machine) {
      await tx.statement();
      return all()
        .map(([, row]) => row)
        .filter((row) => row.machine === machine)
        .sort((a, b) => (a.seq < b.seq ? -1 : 1));
    },
    async acknowledge(machine, seq) {
      await tx.statement();
      if (tx.get<Message>("agent_messages", String(seq))?.machine !== machine) return;
      await tx.write("agent_messages", String(seq), undefined);
    },
  };
}

interface Answered extends ProbeAnswerRecord {
  readonly at: number;
}

/** Answers to probes in memory. */
export function simProbes(tx: SimTransaction): ProbeAnswers {
  return {
    async leave(request, answer, at, forget) {
      await tx.statement();
      for (const [key, row] of tx.rows<Answered>("probe_answers")) {
        if (row.at < forget) await tx.write("probe_answers", key, undefined);
      }
      if (tx.get("probe_answers", request) === undefined) await tx.write("probe_answers", request, { ...answer, at });
      tx.wake(probeTopic(request));
    },
    async take(request) {
      await tx.statement();
      const found = tx.get<Answered>("probe_answers", request);
      if (found === undefined) return undefined;
      await tx.write("probe_answers", request, undefined);
      return { answer: found.answer, frozen: found.frozen };
    },
  };
}

/** Logs in memory. */
export function simLogs(tx: SimTransaction): LogStore {
  const endOf = (attempt: string) =>
    tx.get<{ taken: number; kept: number }>("log_ends", attempt) ?? { taken: 0, kept: 0 };
  return {
    async end(attempt) {
      await tx.statement();
      return endOf(attempt);
    },
    async append(attempt, taken, chunks) {
      await tx.statement();
      await tx.lockRow("log_ends", attempt);
      const kept = chunks.reduce((sum, { data }) => sum + data.length, endOf(attempt).kept);
      await tx.write("log_ends", attempt, { taken, kept });
      for (const chunk of chunks) {
        const key = `${attempt}:${chunk.offset}`;
        await tx.lockRow("log_chunks", key);
        if (tx.get("log_chunks", key) !== undefined) throw new Error(`duplicate key: log ${key}`);
        await tx.write("log_chunks", key, chunk);
      }
      tx.wake(logTopic(attempt));
    },
    async read(attempt, offset, limit) {
      await tx.statement();
      const rows = tx
        .rows<LogChunkRecord>("log_chunks")
        .map(([, row]) => row)
        .filter((row) => row.attempt === attempt && row.offset + row.data.length > offset)
        .sort((a, b) => a.offset - b.offset);
      return within(rows, limit, ({ data }) => data.length);
    },
  };
}

/** What clients are told, written with the transaction that caused it. */
export function simOutbox(tx: SimTransaction, events: SimEvents): Outbox {
  return {
    async append({ account, type, ...body }) {
      await tx.statement();
      events.append(tx, { topic: accountTopic(account), type, body }, body.at);
    },
  };
}
