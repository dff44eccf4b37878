import { existsSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { command } from "./support/command-line.ts";
import { clear, newPlace, type Place, type RunningMarket, startMarket } from "./support/market.ts";

/** Whether a process runs; one that has ended and is only not reaped yet does not. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}

/** Kills the supervisor alone, as the kernel does when memory is short; the parts that it leaves. */
async function killed(market: RunningMarket): Promise<Readonly<Record<string, number>>> {
  const { parts } = await market.file();
  market.up.child.kill("SIGKILL");
  await market.up.ended;
  return parts;
}

describe("a market whose supervisor was killed", () => {
  let place: Place | undefined;
  afterEach(async () => {
    if (place !== undefined) await clear(place);
    place = undefined;
  });

  it("is told by status, stopped by down, taken over by up and deleted by reset, on the same ports", async () => {
    place = await newPlace();
    let parts = await killed(await startMarket(place));
    expect(isRunning(parts.database ?? 0)).toBe(true);
    const status = await command(["status", "--json"], place);
    expect(status.error).toMatchObject({
      code: "not-running",
      detail: expect.stringContaining(`database (process ${parts.database})`),
    });
    const down = await command(["down", "--json"], place);
    expect(down.stderr).toBe("");
    expect(JSON.stringify(down.said)).toContain(`"pid":${parts.database}`);
    for (const pid of Object.values(parts)) expect(isRunning(pid)).toBe(false);
    expect((await command(["down", "--json"], place)).error?.code).toBe("not-running");

    parts = await killed(await startMarket(place));
    const again = await startMarket(place);
    expect(again.ready.fresh).toBe(false);
    for (const pid of Object.values(parts)) expect(isRunning(pid)).toBe(false);

    parts = await killed(again);
    expect(isRunning(parts.database ?? 0)).toBe(true);
    const reset = await command(["reset", "--yes", "--json"], place);
    expect(reset.stderr).toBe("");
    expect(reset.code).toBe(0);
    for (const pid of Object.values(parts)) expect(isRunning(pid)).toBe(false);
    expect(existsSync(`${place.home}/database`)).toBe(false);
    expect(await startMarket(place).then(async (m) => [m.ready.fresh, await m.stop()])).toEqual([true, 0]);
  });
});
