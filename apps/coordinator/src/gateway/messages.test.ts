import { describe, expect, it } from "vitest";
import { parseMessage } from "./messages.ts";

const attempt = "att_0123456789abcdef";
const message = (note: string) =>
  JSON.stringify({ v: 1, id: "a1", type: "attempt", body: { attempt, state: "running", at: 1, note } });

describe("a message of an agent", () => {
  it("is read with the id that its sender gave it", () => {
    expect(parseMessage(message("warming up"))).toMatchObject({ id: "a1", message: { type: "attempt" } });
  });

  it.each(["a\u0000b", "\ud800", "x\udc00y"])("with text that the database cannot hold is refused: %j", (text) => {
    expect(() => parseMessage(message(text))).toThrow(/Unicode without NUL/);
    const key = message("x").replace('"note"', `${JSON.stringify(text)}:1,"note"`);
    expect(() => parseMessage(key)).toThrow(/Unicode without NUL/);
  });

  it.each(["", "{", "null", "[]", '{"v":2,"id":"a","type":"ack"}', `${"[".repeat(100_000)}`])(
    "that is none is refused: %.20s",
    (text) => {
      expect(() => parseMessage(text)).toThrow(/not JSON|envelope/);
    },
  );
});
