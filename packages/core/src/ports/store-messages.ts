import type { Address, Hex } from "../hex.ts";
import type { Documents } from "./store.ts";

/** Something that must reach an agent. It stays until it is acknowledged or no longer matters. */
export interface AgentMessage<D extends Documents = Documents> {
  readonly seq: bigint;
  readonly machine: Hex;
  /** A newer message of the same key takes the place of the older. */
  readonly key: string;
  readonly message: D["message"];
}

export interface AgentMessages<D extends Documents = Documents> {
  /** Puts a message in the machine's box and wakes whoever holds its connection. */
  put(machine: Hex, key: string, message: D["message"]): Promise<void>;
  /** Everything in the box, oldest first. */
  of(machine: Hex): Promise<readonly AgentMessage<D>[]>;
  acknowledge(machine: Hex, seq: bigint): Promise<void>;
  drop(machine: Hex, key: string): Promise<void>;
}

/** What a sandbox said to a probe; `answer` is null when it said nothing. */
export interface ProbeAnswerRecord {
  readonly answer: Hex | null;
  readonly frozen: boolean;
}

/** Answers to probes on their way from the process that holds the agent's connection to the one that asked. */
export interface ProbeAnswers {
  /** Leaves an answer and wakes who waits for it. What nobody fetched since `forget` (ms) is dropped. */
  leave(request: string, answer: ProbeAnswerRecord, at: number, forget: number): Promise<void>;
  /** Takes the answer away. */
  take(request: string): Promise<ProbeAnswerRecord | undefined>;
}

export interface LogChunkRecord {
  readonly attempt: string;
  readonly stream: "stdout" | "stderr";
  /** Of the first byte, in the whole log of the attempt. */
  readonly offset: number;
  readonly data: Uint8Array;
}

/** How much is read at once: so many chunks, and so many bytes of them, unless the first one alone is longer. */
export interface LogLimit {
  readonly chunks: number;
  readonly bytes: number;
}

/** Logs of attempts: bytes at exact offsets, stdout and stderr in one sequence. */
export interface LogStore {
  /** Where the log goes on: everything below is taken in (bytes above the bound are counted and not kept). */
  end(attempt: string): Promise<{ readonly taken: number; readonly kept: number }>;
  /** The log is taken in up to `taken` now, in bytes; `chunks`, in order, are what is kept of it. */
  append(attempt: string, taken: number, chunks: readonly LogChunkRecord[]): Promise<void>;
  /** Chunks that hold bytes at or after `offset`, in order, within `limit`. */
  read(attempt: string, offset: number, limit: LogLimit): Promise<readonly LogChunkRecord[]>;
}

/** What clients are told happened. */
export interface Outbox {
  append(event: {
    readonly account: Address;
    readonly type: string;
    /** Null: it is about something else. */
    readonly workload: string | null;
    /** Of a provider's account. */
    readonly machine?: Hex;
    readonly at: number;
    readonly state: string | null;
    readonly note: string | null;
  }): Promise<void>;
}
