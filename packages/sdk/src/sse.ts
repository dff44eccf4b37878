import type { Route } from "@corepool/protocol/route";
import { type CallInput, request, urlOf } from "./call.ts";
import type { Client } from "./client.ts";
import { checkSignal, withDeadline } from "./deadline.ts";
import { problemOf, reasonOf, unreachable, worthAnotherTry } from "./problem.ts";

/** One server-sent event. `id` is where to resume. */
export interface ServerEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** A stream that is silent for longer than this (heartbeats come every 15 s) is taken for dead. */
const SILENCE_MS = 45_000;
const MAX_EVENT_CHARS = 4 * 2 ** 20;

/** Splits text into server-sent events as the HTML standard has it. Feed it chunks; it returns the finished events. */
export function eventParser(): (chunk: string) => readonly ServerEvent[] {
  let rest = "";
  let id: string | undefined;
  let event = "";
  let data: string[] = [];
  const line = (text: string, out: ServerEvent[]): void => {
    if (text === "") {
      if (data.length > 0) out.push({ id, event: event === "" ? "message" : event, data: data.join("\n") });
      event = "";
      data = [];
      return;
    }
    const colon = text.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id" && !value.includes("\0")) id = value;
  };
  return (chunk) => {
    rest += chunk;
    if (rest.length > MAX_EVENT_CHARS) throw new RangeError("a server-sent event is too long");
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    const out: ServerEvent[] = [];
    for (const text of lines) line(text, out);
    return out;
  };
}

async function* readEvents(
  client: Client,
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parse = eventParser();
  try {
    for (;;) {
      const { done, value } = await withDeadline(
        client.clock,
        SILENCE_MS,
        signal,
        () => unreachable(client.url, "the event stream fell silent"),
        () => reader.read(),
      );
      if (done) return;
      yield* parse(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * Follows a stream of server-sent events over any number of connections: after a break it goes on behind the last event
 * it saw (`Last-Event-ID`). `input` may depend on that id. Ends only when the consumer leaves, the signal aborts (it
 * rejects) or a failure comes that waiting does not cure. `onGap` is told when a connection broke.
 */
export async function* followEvents<R extends Route>(
  client: Client,
  route: R,
  input: (lastId: string | undefined) => CallInput<R>,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly lastId?: string | undefined;
    readonly onGap?: (error: unknown) => void;
  } = {},
): AsyncGenerator<ServerEvent> {
  let lastId = options.lastId;
  let brokenSince: number | undefined;
  for (let pause = 100; ; pause = Math.min(pause * 2, 2_000)) {
    checkSignal(options.signal);
    try {
      const given = input(lastId);
      const headers = { accept: "text/event-stream", ...(lastId === undefined ? {} : { "last-event-id": lastId }) };
      const response = await request(
        client,
        route,
        urlOf(client, route, given.params, given.query),
        { headers },
        options.signal,
      );
      if (!response.ok || response.body === null) throw await problemOf(response, route.operationId);
      for await (const event of readEvents(client, response.body, options.signal)) {
        pause = 100;
        brokenSince = undefined;
        if (event.id !== undefined) lastId = event.id;
        yield event;
      }
      options.onGap?.(unreachable(client.url, "the event stream ended"));
    } catch (error) {
      checkSignal(options.signal);
      const failure = error instanceof TypeError ? unreachable(client.url, reasonOf(error), error) : error;
      brokenSince ??= client.clock.monotonic();
      if (!worthAnotherTry(failure) || client.clock.monotonic() - brokenSince > client.patienceMs) throw failure;
      options.onGap?.(failure);
    }
    await client.clock.sleep(pause, options.signal);
  }
}
