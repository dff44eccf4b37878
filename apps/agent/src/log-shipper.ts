import { codeOf } from "@corepool/core/errors";
import type { Clock } from "@corepool/core/ports/clock";
import type { SandboxHandle } from "@corepool/core/ports/runtime";
import type { FromAgent } from "@corepool/protocol/agent";
import type { LogTurns, Turn } from "./log-turns.ts";

/** At most this much is under way: the sandbox's log file holds the rest. */
const WINDOW_BYTES = 256 * 1024;
const PIECE_BYTES = 64 * 1024;
/** What is written while so many messages wait for their answers goes together in the next one. */
const MANY = 4;
/** Messages that wait for their answers at once, when no two of them go together: outputs that take turns. */
const MOST = 32;
/** What is not stored after so long is sent again: the coordinator could not store it, and does not ask for it. */
const AGAIN_MS = 5_000;
/** Of a log that has ended: whoever does not take it for so many times never will. */
const MOST_AGAIN = 24;
/** A log that cannot be read is tried again after growing pauses, so many times in a row. */
const MOST_UNREAD = 10;
const UNREAD_MS = 250;

interface Piece {
  readonly stream: "stdout" | "stderr";
  /** Bytes of the whole log before this piece, and after it. */
  readonly offset: number;
  end: number;
  readonly parts: Uint8Array[];
  /** Where the sandbox's log goes on, when this piece ends a chunk of it. */
  position: number | undefined;
  /** Once it is sent. Until then it takes in what comes after it. */
  turn: Turn | undefined;
}

export interface LogShipperOptions {
  readonly attempt: string;
  readonly clock: Clock;
  readonly handle: Pick<SandboxHandle, "followLog">;
  /** How far the coordinator has stored the log. */
  readonly from: { readonly offset: number; readonly position: number };
  /** Shared by the logs of all jobs on the line. */
  readonly turns: LogTurns;
  readonly send: (message: FromAgent) => Promise<void>;
  /** The coordinator has stored everything up to here. */
  readonly stored: (to: { readonly offset: number; readonly position: number }) => void;
}

/**
 * Ships a sandbox's log in order, each write at once while the coordinator keeps up, several in one message when it does
 * not, or when other jobs have their turns. What it has not stored is kept in memory (256 KiB at most) and sent again
 * after a reconnect; beyond that the log is not read, so a slow coordinator costs nothing here.
 */
export class LogShipper {
  readonly #options: LogShipperOptions;
  #window: Piece[] = [];
  #offset: number;
  /** Where the sandbox's log goes on behind what was read. */
  #position: number;
  #unread = 0;
  #finished = false;
  #asked = false;
  /** The agent stops: nothing more is sent. */
  #over = false;
  #changed = Promise.withResolvers<void>();

  constructor(options: LogShipperOptions) {
    this.#options = options;
    this.#offset = options.from.offset;
    this.#position = options.from.position;
  }

  /** Bytes read from the log so far. */
  get bytes(): number {
    return this.#offset;
  }

  /** Bytes of it that the coordinator has stored. */
  get stored(): number {
    return this.#window[0]?.offset ?? this.#offset;
  }

  /**
   * Reads and sends until the log has ended or `signal` aborts. Rejects when the sandbox is gone, or its log stays
   * unreadable.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    this.#sendStuck(signal).catch(() => undefined);
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake, { once: true });
    signal.addEventListener("abort", () => (this.#over = true), { once: true });
    try {
      while (!signal.aborted && !this.#finished) {
        try {
          await this.#follow(signal);
        } catch (error) {
          if (signal.aborted || codeOf(error) === "sandbox-gone" || this.#unread >= MOST_UNREAD) throw error;
          await clock.sleep(UNREAD_MS * 2 ** Math.min(this.#unread++, 4), signal);
        }
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.#wake();
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (const chunk of this.#options.handle.followLog(this.#position, signal)) {
      const stream = chunk.stream === "stdout" ? "stdout" : "stderr";
      for (let at = 0; at < chunk.bytes.length && !signal.aborted; at += PIECE_BYTES) {
        const bytes = chunk.bytes.slice(at, at + PIECE_BYTES);
        const last = at + bytes.length === chunk.bytes.length;
        await this.#ship(stream, bytes, last ? chunk.next : undefined, signal);
      }
      if (signal.aborted) return;
      this.#position = chunk.next;
      this.#unread = 0;
    }
    this.#finished = !signal.aborted;
  }

  /** Resolves when the log has ended and all of it is stored, or `signal` aborts. */
  async drained(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake, { once: true });
    while (!signal.aborted && !(this.#finished && this.#window.length === 0)) await this.#changed.promise;
    signal.removeEventListener("abort", wake);
  }

  /** The coordinator has stored the log up to `offset`. */
  acknowledged(offset: number): void {
    let position: number | undefined;
    let end = 0;
    while (this.#window[0] !== undefined && this.#window[0].end <= offset) {
      const piece = this.#window.shift();
      piece?.turn?.giveBack();
      if (piece?.position === undefined) continue;
      position = piece.position;
      end = piece.end;
    }
    if (position !== undefined) this.#options.stored({ offset: end, position });
    this.#ask();
    this.#wake();
  }

  /** Sends again what is not stored, after a reconnect: in its turns, like everything else. */
  resend(): void {
    const turns = this.#window.map(({ turn }) => turn);
    for (const piece of this.#window) piece.turn = undefined;
    for (const turn of turns) turn?.giveBack();
    this.#ask();
  }

  /** Sends again while the oldest piece stays where it is. Ends with the log. */
  async #sendStuck(signal: AbortSignal): Promise<void> {
    let left = MOST_AGAIN;
    for (let oldest: Piece | undefined; left > 0 && !(this.#finished && this.#window.length === 0); ) {
      await this.#options.clock.sleep(AGAIN_MS, signal);
      if (this.#finished) left--;
      if (this.#window[0] !== undefined && this.#window[0] === oldest) this.resend();
      oldest = this.#window[0];
    }
  }

  async #ship(stream: Piece["stream"], bytes: Uint8Array, position: number | undefined, signal: AbortSignal) {
    while (!signal.aborted && this.#underWay() + bytes.length > WINDOW_BYTES) await this.#changed.promise;
    if (signal.aborted) return;
    const offset = this.#offset;
    const end = offset + bytes.length;
    this.#offset = end;
    const last = this.#window.at(-1);
    if (last !== undefined && last.turn === undefined && last.stream === stream && end - last.offset <= PIECE_BYTES) {
      last.parts.push(bytes);
      Object.assign(last, { end, position });
    } else this.#window.push({ stream, parts: [bytes], position, offset, end, turn: undefined });
    this.#ask();
  }

  /** Asks for a turn, if there is something to send and little under way. */
  #ask(): void {
    if (this.#asked || this.#over || !this.#due()) return;
    this.#asked = true;
    this.#options.turns.ask((turn) => {
      this.#asked = false;
      const piece = this.#unsent();
      if (piece === undefined || this.#over || !this.#due()) return 0;
      piece.turn = turn;
      // What the line does not take stays in the window, and is sent again.
      this.#send(piece).catch(() => undefined);
      this.#ask();
      return piece.end - piece.offset;
    });
  }

  /** Whether the oldest unsent piece goes now; the newest one takes in more while others are under way. */
  #due(): boolean {
    const sent = this.#sent();
    const unsent = this.#window.length - sent;
    return (unsent > 0 && sent < MANY) || (unsent > 1 && sent < MOST);
  }

  /** Pieces are sent in order: those that were, and the oldest that was not. */
  #sent(): number {
    return this.#window.findLastIndex(({ turn }) => turn !== undefined) + 1;
  }

  #unsent(): Piece | undefined {
    return this.#window[this.#sent()];
  }

  #send({ stream, offset, parts }: Piece): Promise<void> {
    const { attempt, send } = this.#options;
    return send({ type: "log", body: { attempt, stream, offset, data: Buffer.concat(parts).toString("base64") } });
  }

  #underWay(): number {
    return this.#offset - this.stored;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
