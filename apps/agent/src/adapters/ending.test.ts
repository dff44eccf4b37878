import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** A process with an ending, whose work goes on in its own way once the end was asked for. */
async function processThat(work: string) {
  const script = `
    import { endOnSignal } from ${JSON.stringify(join(import.meta.dirname, "ending.ts"))};
    const ending = endOnSignal();
    ending.patienceMs = 300;
    ending.open = () => ["attempt a1"];
    const busy = setInterval(() => {}, 1000);
    ending.signal.addEventListener("abort", () => { console.log("stopping"); ${work} });
    console.log("ready");
  `;
  const child = spawn("node", ["--input-type=module-typescript", "-e", script], { stdio: "pipe" });
  const ended = once(child, "close") as Promise<[number | null, string | null]>;
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said += text.toString();
  });
  await once(child.stdout, "data");
  return { child, ended, said: () => said };
}

describe("the end of the agent's process", () => {
  it("is in order when the work ends in time", async () => {
    const { child, ended, said } = await processThat("clearInterval(busy)");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(said()).toBe("");
  });

  it("is a failure that names what was open when the work hangs past the deadline", async () => {
    const { child, ended, said } = await processThat("");
    child.kill("SIGHUP");
    expect(await ended).toEqual([70, null]);
    expect(JSON.parse(said())).toMatchObject({ msg: "agent.stop-too-slow", open: ["attempt a1"] });
  });

  it("comes at once at a second signal, whichever", async () => {
    const { child, ended } = await processThat("ending.patienceMs = 60_000");
    child.kill("SIGTERM");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    expect(await ended).toEqual([130, null]);
  });
});
