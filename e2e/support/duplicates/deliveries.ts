import { setTimeout as wait } from "node:timers/promises";
import type { Fetch } from "@corepool/sdk/client";
import type { Dice } from "../chaos/dice.ts";
import type { AgentRoad, Way } from "./road.ts";

/** A request as it went out. */
export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | string;
}

/** Anything that can be delivered once more. */
export type Recorded =
  | { readonly kind: "request"; readonly request: RecordedRequest }
  | { readonly kind: "message"; readonly way: Way; readonly text: string }
  | { readonly kind: "transaction"; readonly raw: string };

/**
 * Requests whose repeat makes something new by their nature, and why that is right. Reads change nothing, so they are
 * not repeated either; everything else is.
 */
export const MAKES_NEW: Readonly<Record<string, string>> = {
  "POST /v1/auth/nonce": "Whoever wants to sign in asks for a number that was never given: two askers get two numbers.",
};

const labelOf = ({ method, url }: RecordedRequest): string => `${method} ${new URL(url).pathname}`;

/** What is told apart in a report: the operation, the message's type. */
export function nameOf(recorded: Recorded): string {
  if (recorded.kind === "transaction") return "transaction";
  if (recorded.kind === "message") return `${recorded.way}: ${(JSON.parse(recorded.text) as { type: string }).type}`;
  return labelOf(recorded.request).replace(/\/(0x|sha256:|[a-z]{3}_)[0-9a-z]+/g, "/{id}");
}

/** Keeps what goes out, and has it delivered again. */
export class Deliveries {
  readonly all: Recorded[] = [];
  /** Called with every new one. */
  onNew: (recorded: Recorded) => void = () => undefined;

  take(recorded: Recorded): void {
    if (recorded.kind === "request") {
      if (recorded.request.method === "GET" || recorded.request.method === "HEAD") return;
      if (labelOf(recorded.request) in MAKES_NEW) return;
    }
    this.all.push(recorded);
    this.onNew(recorded);
  }

  /** A fetch that goes out as ever, and is kept. */
  fetch(inner: Fetch): Fetch {
    return async (url, init) => {
      const headers = Object.fromEntries(new Headers(init.headers));
      const body = init.body ?? "";
      if (typeof body !== "string" && !(body instanceof Uint8Array)) throw new TypeError("a body that cannot be kept");
      const kept = typeof body === "string" ? body : new Uint8Array(body);
      const answer = await inner(url, init);
      // Repeats come after the first delivery.
      this.take({ kind: "request", request: { method: init.method ?? "GET", url, headers, body: kept } });
      return answer;
    };
  }
}

/** Where things are delivered to. */
export interface Addressees {
  readonly road: AgentRoad;
  readonly rpcUrl: string;
}

export async function sendRequest(request: RecordedRequest): Promise<number> {
  const { method, url, headers, body } = request;
  const response = await fetch(url, { method, headers, ...(body.length === 0 ? {} : { body }) });
  await response.arrayBuffer();
  // That a machine does not answer a probe any more, say, is an answer too.
  if (response.status === 500) throw new Error(`${labelOf(request)}, delivered again, broke something`);
  return response.status;
}

/** Delivers one once more. A repeat may be refused; it may not break anything. */
export async function deliver(recorded: Recorded, to: Addressees): Promise<void> {
  if (recorded.kind === "request") await sendRequest(recorded.request);
  else if (recorded.kind === "message") await to.road.say(recorded.way, recorded.text);
  else {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_sendRawTransaction", params: [recorded.raw] });
    await (
      await fetch(to.rpcUrl, { method: "POST", headers: { "content-type": "application/json" }, body })
    ).arrayBuffer();
  }
}

const LANES = 4;
const LONGEST_PAUSE_MS = 15;

/** Delivers everything one to three times more, in an order and at moments that the dice draw, several at once. */
export async function deliverAll(all: readonly Recorded[], to: Addressees, dice: Dice): Promise<number> {
  const copies = all.flatMap((recorded) => Array.from({ length: dice.between(1, 3) }, () => recorded));
  for (let i = copies.length - 1; i > 0; i--) {
    const j = dice.upTo(i + 1);
    [copies[i], copies[j]] = [copies[j] as Recorded, copies[i] as Recorded];
  }
  const count = copies.length;
  const lane = async (own: Dice): Promise<void> => {
    for (let next = copies.pop(); next !== undefined; next = copies.pop()) {
      await deliver(next, to);
      await wait(own.upTo(LONGEST_PAUSE_MS));
    }
  };
  await Promise.all(Array.from({ length: LANES }, () => lane(dice.fork())));
  return count;
}
