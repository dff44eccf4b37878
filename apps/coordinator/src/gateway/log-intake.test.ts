import { describe, expect, it } from "vitest";
import { LogIntake, type LogMessage } from "./log-intake.ts";

/** An intake whose store is busy until the test lets it go on. */
function intake() {
  const batches: { readonly attempt: string; readonly ids: readonly string[] }[] = [];
  const busy: (() => void)[] = [];
  const logs = new LogIntake((attempt, messages) => {
    batches.push({ attempt, ids: messages.map(({ id }) => id) });
    return new Promise((resolve) => busy.push(resolve));
  });
  const goOn = async () => {
    busy.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { logs, batches, goOn };
}

const piece = (id: string, attempt = "att_a", length = 8): LogMessage => ({
  id,
  body: { attempt, stream: "stdout", offset: 0, data: "A".repeat(length) },
});
const settledOf = async (promise: Promise<void>) =>
  Promise.race([promise.then(() => true), new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);

describe("the intake of logs", () => {
  it("stores together, in order, what came while the store was busy, one attempt at a time", async () => {
    const { logs, batches, goOn } = intake();
    await logs.add(piece("1"));
    await logs.add(piece("2"));
    await logs.add(piece("3", "att_b"));
    await logs.add(piece("4"));
    expect(batches).toEqual([{ attempt: "att_a", ids: ["1"] }]);
    await goOn();
    expect(batches.at(-1)).toEqual({ attempt: "att_a", ids: ["2", "4"] });
    await goOn();
    expect(batches.at(-1)).toEqual({ attempt: "att_b", ids: ["3"] });
    const idle = logs.idle();
    expect(await settledOf(idle)).toBe(false);
    await goOn();
    expect(await settledOf(idle)).toBe(true);
    await logs.add(piece("5"));
    expect(batches.at(-1)).toEqual({ attempt: "att_a", ids: ["5"] });
  });

  it("has its sender wait when 64 pieces, or a MiB of them, wait", async () => {
    for (const [length, most] of [
      [8, 64],
      [128 * 1024, 8],
    ] as const) {
      const { logs, goOn } = intake();
      await logs.add(piece("0", "att_a", length));
      for (let n = 1; n < most; n++) expect(await settledOf(logs.add(piece(String(n), "att_a", length)))).toBe(true);
      const full = logs.add(piece("last", "att_a", length));
      expect(await settledOf(full)).toBe(false);
      await goOn();
      expect(await settledOf(full)).toBe(true);
    }
  });
});
