import { CorepoolError } from "@corepool/core/errors";
import { envelope, type FromAgent, MAX_MESSAGE_BYTES, type ToAgent, toAgent } from "@corepool/protocol/agent";

/** A message body of the given type. */
export type Incoming<T extends ToAgent["type"]> = Extract<ToAgent, { type: T }>["body"];
export type Outgoing<T extends FromAgent["type"]> = Extract<FromAgent, { type: T }>["body"];

export function encode(id: string, message: FromAgent): string {
  return JSON.stringify({ v: 1, id, ...message });
}

/**
 * Reads one message of the coordinator.
 * @throws CorepoolError `bad-request`; `data.of` is the message's id where it could be read
 */
export function decode(text: string): { readonly id: string; readonly message: ToAgent } {
  if (text.length > MAX_MESSAGE_BYTES) throw malformed(null, "it is too long");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(null, "it is not JSON");
  }
  const head = envelope.safeParse(value);
  if (!head.success) throw malformed(null, "its envelope is not {v: 1, id, type, body}");
  const message = toAgent.safeParse(value);
  if (!message.success) {
    const issue = message.error.issues[0];
    throw malformed(head.data.id, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not acceptable"}`);
  }
  return { id: head.data.id, message: message.data };
}

function malformed(of: string | null, why: string): CorepoolError {
  return new CorepoolError("bad-request", {
    detail: `A message could not be read: ${why}.`.slice(0, 500),
    next: "Speak version 1 of the agent's wire.",
    data: { of },
  });
}
