import { describe, expect, it } from "vitest";
import { ChainTime } from "./chain-time.ts";

const START = 1_800_000_000;

/** A machine whose wall clock is wrong by so many seconds, and can be set; time passes as told. */
function machine(wrong: number) {
  let passed = 0;
  let offset = wrong;
  const clock = {
    now: () => (START + passed + offset) * 1000,
    monotonic: () => 5_000 + passed * 1000,
    sleep: () => Promise.reject(new Error("nobody sleeps here")),
  };
  const chain = () => START + passed;
  const pass = (seconds: number) => {
    passed += seconds;
  };
  const set = (seconds: number) => {
    offset = seconds;
  };
  return { time: new ChainTime(clock), chain, pass, set };
}

describe("the chain's time", () => {
  it("is the wall clock's before the chain was seen, and never before what the chain said", () => {
    const { time, chain, pass } = machine(-90);
    expect(time.now()).toBe(START - 90);
    time.seen(chain());
    expect(time.now()).toBe(START);
    pass(60);
    expect(time.now()).toBe(START + 60);
    time.seen(START + 10);
    expect(time.now()).toBe(START + 60);
  });

  it("goes on when the wall clock is set back, so that no ended lease counts as live", () => {
    const { time, chain, pass, set } = machine(0);
    time.seen(chain());
    pass(30);
    set(-3_600);
    expect(time.now()).toBe(chain());
    pass(30);
    expect(time.now()).toBe(chain());
  });

  it("is not ahead for ever when a clock that was behind is put right", () => {
    const { time, chain, pass, set } = machine(-3_600);
    time.seen(chain());
    pass(30);
    set(0);
    expect(time.now()).toBe(chain());
  });

  it("comes back when a clock that was ahead is put right", () => {
    const { time, chain, pass, set } = machine(90);
    time.seen(chain());
    expect(time.now()).toBe(chain() + 90);
    pass(10);
    set(0);
    expect(time.now()).toBe(chain());
  });
});
