import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readlink, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { INIT_INSIDE } from "../policy/sandbox.ts";
import { syscallNumbers } from "../policy/syscalls.ts";
import { type Attempt, attemptsOn } from "./escape-attempts.ts";
import { bystander, escapeBattery } from "./escape-battery.ts";
import { judge, type Outcomes, parseOutcomes, type Verdict } from "./escape-controls.ts";
import { type Bench, type Case, run } from "./kit.ts";

/** Attempts that must succeed outside on whatever kernel: more excuses than this leave too little shown. */
const LEAST_CONTROLLED = 150;
const NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];
const UNSHARE = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--net", "--uts", "--ipc", "--cgroup"];

async function listen(where: { port: number; host: string } | { path: string }): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).listen(where);
  await once(server, "listening");
  return server;
}

const program = (values: object): string[] => ["python3", "-c", escapeBattery, JSON.stringify(values)];

async function outcomesOf(child: ChildProcess): Promise<Outcomes> {
  return parseOutcomes(await text(child.stdout ?? assert.fail("no output")));
}

/** Makes every attempt inside and, as this same user, outside, and judges them. */
export async function runEscapeBattery(bench: Bench): Promise<Verdict> {
  const architecture = process.arch === "arm64" ? "arm64" : "x64";
  const known = syscallNumbers(architecture);
  const attempts = attemptsOn(architecture, new Set(known.keys()));
  const scratch = await mkdtemp(join(bench.scratch, "escape-"));
  const file = async (name: string): Promise<string> => {
    await writeFile(join(scratch, name), "host secret", { mode: 0o644 });
    return join(scratch, name);
  };
  const [canary, input, ownInput, ownInit] = await Promise.all(["canary", "input", "own-input", "own-init"].map(file));
  assert.ok(canary && input && ownInput && ownInit);
  const socket = join(scratch, "s");
  const abstract = `corepool-${process.pid}`;
  const memory = randomInt(1, 2 ** 31 - 1);
  const shared = `corepool-${process.pid}`;
  await mkdir(join(scratch, "closed"));
  await writeFile(`/dev/shm/${shared}`, "host secret");
  const tcp = await listen({ port: 0, host: "127.0.0.1" });
  const servers = [tcp, await listen({ path: socket }), await listen({ path: `\0${abstract}` })];
  const address = tcp.address();
  const namespaces = Object.fromEntries(
    await Promise.all(NAMESPACES.map(async (kind) => [kind, await readlink(`/proc/self/ns/${kind}`)] as const)),
  );
  const values = {
    numbers: Object.fromEntries(known),
    canary,
    socket,
    abstract,
    memory,
    shared,
    namespaces,
    state: scratch,
    pid: process.pid,
    port: typeof address === "object" ? address?.port : 0,
  };
  const named = (some: readonly Attempt[]) => some.map(({ name, expression }) => [name, expression]);
  await chmod(scratch, 0o700);
  const stand = spawn("/usr/bin/python3", ["-c", bystander, String(memory)], {
    cwd: scratch,
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    await once(stand.stdout, "data");
    const outside = {
      ...values,
      target: stand.pid,
      init: ownInit,
      input: ownInput,
      closed: [join(scratch, "closed")],
    };
    // The control has a fourth descriptor on purpose.
    const stdio: ("ignore" | "pipe" | "inherit")[] = ["ignore", "pipe", "inherit", "pipe"];
    const [python = "", ...user] = program({ ...outside, attempts: named(attempts) });
    const apart = attempts.filter(({ controls }) => controls.includes("namespace"));
    const asUser = await outcomesOf(spawn(`/usr/bin/${python}`, user, { stdio }));
    const asRoot = await outcomesOf(
      spawn("/usr/bin/unshare", [...UNSHARE, "--", ...program({ ...outside, attempts: named(apart) })], { stdio }),
    );
    const closed = ["/", "/etc", "/dev", "/usr", "/run", "/proc/sys/kernel"];
    const inner = { ...values, init: INIT_INSIDE, input: "/work/in/file", closed, attempts: named(attempts) };
    const inside = await run(bench, program(inner), { inputs: [{ path: "in/file", hostFile: input }] });
    assert.equal(inside.result.exitCode, 0, inside.stderr);
    return await judge(attempts, parseOutcomes(inside.stdout), { user: asUser, namespace: asRoot });
  } finally {
    stand.stdin.end();
    for (const server of servers) server.close();
    await rm(`/dev/shm/${shared}`);
    await rm(scratch, { recursive: true });
  }
}

export const escapeCases: readonly Case[] = [
  {
    name: "lets no attempt of the escape battery succeed",
    async run(bench) {
      const { attempts, open, controlled, excused, vain } = await runEscapeBattery(bench);
      assert.deepEqual(open, [], `${open.length} of ${attempts} attempts succeeded`);
      assert.deepEqual(vain, [], "these fail outside too, and nothing explains it");
      assert.equal(controlled.length + excused.length, attempts);
      assert.ok(
        controlled.length >= LEAST_CONTROLLED,
        `only ${controlled.length} attempts succeed outside: ${excused.map((e) => `${e.name}: ${e.reason}`).join("; ")}`,
      );
    },
  },
];
