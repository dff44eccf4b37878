import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventParser } from "./sse.ts";

describe("server-sent events", () => {
  it("mean the same however the network cuts them", () => {
    const events = fc.array(
      fc.record({
        id: fc.nat(),
        event: fc.constantFrom("", "end", "state"),
        data: fc.array(
          fc.string({ unit: "grapheme-ascii" }).map((s) => s.replace(/[\r\n]/g, "")),
          { minLength: 1, maxLength: 3 },
        ),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(events, fc.array(fc.nat(40)), fc.constantFrom("\n", "\r\n"), (sent, cuts, eol) => {
        const text = sent
          .map((e) =>
            [
              `id: ${e.id}`,
              ...(e.event === "" ? [] : [`event: ${e.event}`]),
              ...e.data.map((d) => `data: ${d}`),
              "",
              "",
            ].join(eol),
          )
          .join(`: heartbeat${eol}`);
        const parse = eventParser();
        const got = [];
        let rest = text;
        for (const cut of cuts) {
          got.push(...parse(rest.slice(0, cut)));
          rest = rest.slice(cut);
        }
        got.push(...parse(rest));
        expect(got).toEqual(
          sent.map((e) => ({ id: String(e.id), event: e.event === "" ? "message" : e.event, data: e.data.join("\n") })),
        );
      }),
    );
  });

  it("do not fill the memory", () => {
    const parse = eventParser();
    const chunk = "x".repeat(2 ** 20);
    expect(() => {
      for (let i = 0; i < 6; i++) parse(chunk);
    }).toThrow(RangeError);
  });
});
