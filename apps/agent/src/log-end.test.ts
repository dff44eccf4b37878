import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Job, openWorld, type World } from "./test/world.ts";

const LINES = 5_000;
/** As fast as it can, to both outputs in turn, and is gone. */
const BURST = `
import os
for n in range(${LINES}):
    os.write(1 + n % 2, f"line {n}\\n".encode())
`;

type Stream = "stdout" | "stderr";

/** The log as the coordinator put it together, each output by itself; bytes that came twice must be the same. */
function logsOf(world: World, job: Job): Readonly<Record<Stream, string>> & { readonly bytes: number } {
  const bytes: { readonly stream: Stream; readonly byte: number }[] = [];
  for (const message of world.coordinator.heard) {
    if (message.type !== "log" || message.body.attempt !== job.attempt) continue;
    const { stream, offset, data } = message.body;
    expect(offset).toBeLessThanOrEqual(bytes.length);
    for (const [n, byte] of Buffer.from(data, "base64").entries()) {
      const before = bytes[offset + n];
      if (before === undefined) bytes.push({ stream, byte });
      else if (before.byte !== byte || before.stream !== stream) throw new Error(`another byte came at ${offset + n}`);
    }
  }
  const of = (wanted: Stream) =>
    Buffer.from(bytes.flatMap(({ stream, byte }) => (stream === wanted ? byte : []))).toString();
  return { stdout: of("stdout"), stderr: of("stderr"), bytes: bytes.length };
}

const every = (from: 0 | 1): string => Array.from({ length: LINES / 2 }, (_, n) => `line ${2 * n + from}\n`).join("");

describe("a job that writes 5,000 lines and is gone", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ mode: "operator" });
    await world.start();
  }, 60_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error((await world.agentLog()).slice(-4_000));
  });
  afterAll(() => world?.finish(), 60_000);

  /** Runs the job through what befalls it, and checks that all of its log came before its end was told. */
  async function whole(unit: number, befalls: (job: Job) => Promise<void>): Promise<void> {
    const job = await world.assign({ command: ["python3", "-c", BURST] }, { unit });
    const paying = job.keepPaying();
    await befalls(job);
    const { logBytes, report } = await world.coordinator.wait("ended", ({ attempt }) => attempt === job.attempt);
    const { stdout, stderr, bytes } = logsOf(world, job);
    expect([stdout, stderr]).toEqual([every(0), every(1)]);
    expect([logBytes, report.exitCode]).toEqual([bytes, 0]);
    const { heard } = world.coordinator;
    const isMine = (type: string) => (message: (typeof heard)[number]) =>
      message.type === type && "attempt" in message.body && message.body.attempt === job.attempt;
    expect(heard.findLastIndex(isMine("log"))).toBeLessThan(heard.findIndex(isMine("ended")));
    await paying();
  }

  it("loses no line while its workload goes on to another state, at a coordinator that is slow", {
    timeout: 60_000,
  }, async () => {
    const quick = world.coordinator.slow(5);
    await whole(1, async () => undefined);
    quick();
  });

  it("loses none when its agent dies meanwhile, or its coordinator is away", { timeout: 90_000 }, async () => {
    const { coordinator } = world;
    await whole(2, async (job) => {
      const quick = coordinator.slow(20);
      await coordinator.wait("log", ({ attempt, offset }) => attempt === job.attempt && offset > 2_000);
      coordinator.hangUp();
      await coordinator.wait("log", ({ attempt, offset }) => attempt === job.attempt && offset > 10_000);
      quick();
      await world.kill("SIGKILL");
      const light = coordinator.goDark();
      const back = world.start();
      await new Promise((resolve) => setTimeout(resolve, 500));
      light();
      await back;
    });
  });
});
