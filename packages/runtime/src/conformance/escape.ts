import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { DENIED } from "../policy/seccomp.ts";
import { syscallNumbers } from "../policy/syscalls.ts";
import { escapeBattery } from "./escape-battery.ts";
import { type Case, run } from "./kit.ts";

/** Attempts that must succeed outside for the battery to mean something on this host; kernels differ in the rest. */
const LEAST_CONTROLLED = 35;

function results(lines: string): Map<string, string> {
  return new Map(
    lines
      .trim()
      .split("\n")
      .map((line) => line.split("\t") as [string, string]),
  );
}

async function listen(where: { port: number; host: string } | { path: string }): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).listen(where);
  await once(server, "listening");
  return server;
}

export const escapeCases: readonly Case[] = [
  {
    name: "lets no attempt of the escape battery succeed",
    async run(bench) {
      const architecture = process.arch === "arm64" ? "arm64" : "x64";
      const known = syscallNumbers(architecture);
      const canary = join(bench.scratch, "canary");
      const socket = join(bench.scratch, "s");
      const abstract = `corepool-${process.pid}`;
      await writeFile(canary, "host secret");
      const tcp = await listen({ port: 0, host: "127.0.0.1" });
      const servers = [tcp, await listen({ path: socket }), await listen({ path: `\0${abstract}` })];
      const address = tcp.address();
      const values = {
        numbers: Object.fromEntries(known),
        denied: Object.values(DENIED)
          .flat()
          .filter((name) => known.has(name)),
        canary,
        socket,
        abstract,
        port: typeof address === "object" ? address?.port : 0,
        pid: process.pid,
      };
      try {
        // The control has a fourth descriptor on purpose.
        const control = spawn("/usr/bin/python3", ["-c", escapeBattery, JSON.stringify({ ...values, inside: false })], {
          stdio: ["ignore", "pipe", "inherit", "pipe"],
        });
        const outside = results(await text(control.stdout ?? assert.fail()));
        const inside = await run(bench, ["python3", "-c", escapeBattery, JSON.stringify({ ...values, inside: true })]);
        assert.equal(inside.result.exitCode, 0, inside.stderr);
        const attempts = results(inside.stdout);
        const open = [...attempts].filter(([, outcome]) => outcome !== "blocked").map(([name]) => name);
        assert.deepEqual(open, [], `${open.length} of ${attempts.size} attempts succeeded`);
        const controlled = [...outside].filter(([, outcome]) => outcome === "open").map(([name]) => name);
        const vain = [...outside.keys()].filter((name) => !controlled.includes(name));
        assert.ok(
          controlled.length >= LEAST_CONTROLLED,
          `only ${controlled.length} attempts succeed outside; these do not: ${vain.join(", ")}`,
        );
        assert.ok(attempts.size >= controlled.length + 60);
      } finally {
        for (const server of servers) server.close();
      }
    },
  },
];
