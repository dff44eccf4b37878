import { CorepoolError, codeOf } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";
import type { MachineRecord } from "@corepool/core/ports/store";
import type { Sample } from "@corepool/core/samples";
import type { FromAgent } from "@corepool/protocol/agent";
import { closeLease } from "../leases/close.ts";
import { machineSeen } from "../machines/presence.ts";
import type { MarketContext } from "../market/context.ts";
import type { MarketStore, Uow } from "../market/documents.ts";
import { announce, checkAnnouncement } from "../offers/announce.ts";
import { takeLog } from "../workloads/logs.ts";
import { attemptEnded, attemptMoved, attemptOn, checkEnded } from "../workloads/progress.ts";
import { tellClosed } from "./closed.ts";
import type { LogMessage } from "./log-intake.ts";

export interface HandlerParts {
  readonly context: MarketContext;
  readonly store: MarketStore;
  /** Relays calls of UnitRegistry that the provider signed. */
  readonly register: (registration: `0x${string}`) => Promise<void>;
  /** A machine's attempt has ended with these outputs. After a crash it may not have been called. */
  readonly reported: (machine: `0x${string}`, outputs: readonly BlobHash[]) => Promise<void>;
  /** Keeps what a running attempt uses; not kept when left out. */
  readonly sampled?: (attempt: string, sample: Omit<Sample, "at">) => Promise<void>;
}

/** What a message asks to be said back, beside its acknowledgement. */
export interface Answer {
  readonly type: "closed";
  readonly body: { readonly attempt: string; readonly lease: `0x${string}`; readonly paid: string };
}

/**
 * Stores pieces of one attempt's log, in one transaction that also proves that the connection is still the machine's
 * newest. Resolves with the offset up to which the log is taken in. Rejects with `Outdated` or `not-found`.
 */
export async function storeLog(
  { context, store }: HandlerParts,
  machine: MachineRecord,
  attempt: string,
  messages: readonly LogMessage[],
): Promise<number> {
  const pieces = messages.map(({ body: { stream, offset, data } }) => ({
    stream,
    offset,
    data: new Uint8Array(Buffer.from(data, "base64")),
  }));
  return store.transaction(async (uow) => {
    await provenNewest(uow, context, machine);
    return takeLog(uow, machine.id, attempt, pieces);
  });
}

/** The connection's machine has connected again: what this one says counts no more. */
export class Outdated extends Error {}

type Handled = { readonly acknowledge: boolean; readonly answers: readonly Answer[] };
const ACKNOWLEDGED: Handled = { acknowledge: true, answers: [] };
const SILENT: Handled = { acknowledge: false, answers: [] };

async function provenNewest(uow: Uow, context: MarketContext, machine: MachineRecord): Promise<void> {
  if (!(await machineSeen(uow, machine.id, machine.epoch, context.clock.now())))
    throw new Outdated("a newer connection of this machine has taken over");
}

/**
 * Takes one message of a connected agent in, in one transaction that also proves that the connection is still the
 * machine's newest. Every effect is idempotent, so a message may come any number of times. Rejects with `Outdated`, or
 * with a CorepoolError that goes back to the agent.
 */
export async function handleMessage(
  parts: HandlerParts,
  machine: MachineRecord,
  message: Exclude<FromAgent, { readonly type: "hello" | "probe-answer" | "log" }>,
): Promise<Handled> {
  const { context, store } = parts;
  const inStore = <T>(work: (uow: Uow) => Promise<T>): Promise<T> =>
    store.transaction(async (uow) => {
      await provenNewest(uow, context, machine);
      return work(uow);
    });

  switch (message.type) {
    case "offers":
      try {
        await checkAnnouncement(context, machine, message.body);
      } catch (error) {
        // Under rules that came later, what it offered before is not to be had either. Its leases go on.
        if (codeOf(error) === "machine-weak") await inStore((uow) => uow.offers.replace(machine.id, []));
        throw error;
      }
      await inStore((uow) => announce(uow, context, machine, message.body));
      if (message.body.registration !== undefined) await parts.register(message.body.registration);
      return ACKNOWLEDGED;
    case "heartbeat": {
      const answers = await inStore((uow) => tellClosed(uow, machine.id, message.body.attempts));
      return { acknowledge: false, answers };
    }
    case "attempt":
      await inStore((uow) => attemptMoved(uow, context, machine.id, message.body));
      return ACKNOWLEDGED;
    case "sample": {
      const { attempt, cpuMs, memoryBytes, diskBytes, processes } = message.body;
      const { state } = await inStore((uow) => attemptOn(uow, machine.id, attempt));
      // What comes after the end is of nothing that runs.
      if (state !== "ended") await parts.sampled?.(attempt, { cpuMs, memoryBytes, diskBytes, processes });
      return SILENT;
    }
    case "ended": {
      const known = await store.transaction((uow) => uow.attempts.get(message.body.attempt));
      if (known === undefined || known.machine !== machine.id) {
        throw new CorepoolError("not-found", {
          detail: `There is no attempt ${message.body.attempt} on this machine.`,
        });
      }
      if (known.state !== "ended") await checkEnded(context, known, message.body);
      await inStore((uow) => attemptEnded(uow, context, machine.id, message.body));
      if (known.state !== "ended") {
        await parts.reported(
          machine.id,
          message.body.outputs.map(({ hash }) => hash),
        );
      }
      return ACKNOWLEDGED;
    }
    case "close": {
      const { lease, total, noteSignature, closeSignature } = message.body;
      const request = { lease, total: BigInt(total), noteSignature, closeSignature };
      await inStore((uow) => closeLease(uow, context, machine.id, request));
      return ACKNOWLEDGED;
    }
    case "ack":
      await inStore(async (uow) => {
        const seq = /^m(\d{1,18})$/.exec(message.body.of)?.[1];
        if (seq !== undefined) await uow.messages.acknowledge(machine.id, BigInt(seq));
      });
      return SILENT;
    case "problem":
      await inStore(async (uow) => {
        // A refused note is not offered again; the next one is another message.
        const seq = /^m(\d{1,18})$/.exec(message.body.of ?? "")?.[1];
        if (seq === undefined) return;
        const refused = (await uow.messages.of(machine.id)).find((each) => each.seq === BigInt(seq));
        if (refused?.message.type === "note") await uow.messages.acknowledge(machine.id, refused.seq);
      });
      return SILENT;
  }
}
