import { CorepoolError } from "@corepool/core/errors";
import { envelope, type FromAgent, fromAgent, MAX_MESSAGE_BYTES, type ToAgent } from "@corepool/protocol/agent";
import { isPlainText } from "../platform/http/plain-text.ts";

/** A message of an agent with the id that its sender gave it. */
export interface Received {
  readonly id: string;
  readonly message: FromAgent;
}

function malformed(detail: string): CorepoolError {
  return new CorepoolError("bad-request", { detail, next: "Speak version 1 of the agent's wire." });
}

function plainOnly(key: string, value: unknown): unknown {
  if (isPlainText(key) && (typeof value !== "string" || isPlainText(value))) return value;
  throw malformed("Text must be Unicode without NUL.");
}

/** Parses one text message. Rejects with `bad-request`. */
export function parseMessage(text: string): Received {
  if (text.length > MAX_MESSAGE_BYTES) throw malformed("The message is too large.");
  let json: unknown;
  try {
    json = JSON.parse(text, plainOnly);
  } catch (error) {
    throw error instanceof CorepoolError ? error : malformed("The message is not JSON.");
  }
  const wrapped = envelope.safeParse(json);
  if (!wrapped.success) throw malformed("The message has no {v: 1, id} envelope.");
  const message = fromAgent.safeParse(json);
  if (!message.success) {
    const issue = message.error.issues[0];
    throw malformed(
      `The message ${wrapped.data.id} is malformed at ${issue?.path.join(".") ?? "?"}: ${issue?.message}.`,
    );
  }
  return { id: wrapped.data.id, message: message.data };
}

/** A message to an agent as text. */
export function formatMessage(id: string, message: ToAgent): string {
  return JSON.stringify({ v: 1, id, ...message });
}
