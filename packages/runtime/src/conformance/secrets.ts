import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Bench, type Case, run, until, withSandbox } from "./kit.ts";
import { secretKeeper, secretSearch } from "./secret-search.ts";

/** Where secrets lie on a provider's machine, by number. */
const PLACES = [
  "environment of the agent",
  "command line of the agent",
  "memory of the agent",
  "file of the agent without a name",
  "System V memory of the agent",
  "key file in the agent's state",
  "file in a home directory",
  "blob in the store",
  "core dump",
  "temporary file",
  "shared memory",
  "socket file",
  "abstract socket",
  "port on the loopback",
  "workspace of another sandbox",
  "environment of another sandbox",
  "probe key of another sandbox",
  "probe key of this sandbox",
] as const;
type Place = (typeof PLACES)[number];

/** A canary is recognised by its form, so that who searches need not be told it; 32 characters, as a probe key has. */
function canaries(): Record<Place, string> {
  const make = (i: number): string => `corepool-canary-${i}-${randomBytes(16).toString("hex")}`.slice(0, 32);
  return Object.fromEntries(PLACES.map((place, i) => [place, make(i)])) as Record<Place, string>;
}

async function greeter(where: { port: number; host: string } | { path: string }, word: string): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => undefined).end(word)).listen(where);
  await once(server, "listening");
  return server;
}

/**
 * Places whose canary stands in what a search printed. This process made all of them, so what is found in its memory
 * counts only for the keys, which it hands over as an agent does.
 */
function placesIn(output: string, secrets: Record<Place, string>): Place[] {
  assert.match(output, /^searched$/m, `the search did not end: ${output.slice(-500)}`);
  const finds = output.split("\n");
  const here = `memory of ${process.pid}`;
  return PLACES.filter((place) =>
    finds.some((line) => line.startsWith(secrets[place]) && (place.startsWith("probe key") || !line.endsWith(here))),
  );
}

async function searchOutside(values: object): Promise<string> {
  const child = spawn("/usr/bin/python3", ["-c", secretSearch, JSON.stringify(values)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return text(child.stdout);
}

/** Plants every canary, searches outside and inside, and says where each search found one. */
async function search(bench: Bench): Promise<{ readonly outside: Place[]; readonly inside: Place[] }> {
  const secrets = canaries();
  const since = Math.floor(Date.now() / 1000) - 1;
  const planted = await mkdtemp(join(bench.scratch, "secrets-"));
  const temporary = await mkdtemp("/tmp/corepool-secrets-");
  const shared = `/dev/shm/corepool-secrets-${process.pid}`;
  const abstract = `corepool-secrets-${process.pid}`;
  const socket = join(planted, "s");
  await Promise.all(
    ["state", "home/.config", "blobs/ab"].map((name) => mkdir(join(planted, name), { recursive: true })),
  );
  const files: readonly [string, Place][] = [
    [join(planted, "state/provider.key"), "key file in the agent's state"],
    [join(planted, "home/.config/token"), "file in a home directory"],
    [join(planted, "blobs/ab/abcdef"), "blob in the store"],
    [join(planted, "core.1234"), "core dump"],
    [join(temporary, "file"), "temporary file"],
    [shared, "shared memory"],
  ];
  // Readable by everyone: only what the sandbox is made of keeps them out of it.
  for (const [file, place] of files) await writeFile(file, secrets[place], { mode: 0o644 });
  const tcp = await greeter({ port: 0, host: "127.0.0.1" }, secrets["port on the loopback"]);
  const servers = [
    tcp,
    await greeter({ path: socket }, secrets["socket file"]),
    await greeter({ path: `\0${abstract}` }, secrets["abstract socket"]),
  ];
  const address = tcp.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const keeper = spawn("/usr/bin/python3", ["-c", secretKeeper, secrets["command line of the agent"]], {
    cwd: planted,
    env: { PATH: "/usr/bin:/bin", SECRET: secrets["environment of the agent"] },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const handed = ["memory of the agent", "file of the agent without a name", "System V memory of the agent"] as const;
  keeper.stdin.write(`${handed.map((place) => secrets[place]).join(" ")}\n`);
  const [first = "", second = ""] = bench.slots;
  const other = {
    slot: second,
    env: { SECRET: secrets["environment of another sandbox"], WORD: secrets["workspace of another sandbox"] },
    probeKey: Buffer.from(secrets["probe key of another sandbox"]),
  };
  const own = { slot: first, probeKey: Buffer.from(secrets["probe key of this sandbox"]) };
  try {
    await once(keeper.stdout, "data");
    return await withSandbox(
      bench,
      ['umask 000; echo "$WORD" > outputs/word; echo "$WORD" > /tmp/word; echo up; sleep 300'],
      async (handle) => {
        await until(handle, "up");
        const init = (await bench.rootProcess(handle.id)) ?? assert.fail("the other sandbox is gone");
        const workload = (await readFile(`/proc/${init}/task/${init}/children`, "utf8")).trim().split(" ");
        const roots = [
          planted,
          temporary,
          "/dev/shm",
          `/proc/${workload[0]}/root/work`,
          `/proc/${workload[0]}/root/tmp`,
        ];
        const inside = await run(
          bench,
          ["python3", "-c", secretSearch, JSON.stringify({ roots: ["/"], since, guesses: [port] })],
          own,
        );
        // Afterwards, so that this process has handed over both keys.
        const outside = await searchOutside({
          roots,
          pids: [keeper.pid, process.pid, ...workload].map(String),
          sockets: [socket, `@${abstract}`],
          ports: [port],
        });
        return { outside: placesIn(outside, secrets), inside: placesIn(inside.stdout, secrets) };
      },
      other,
    );
  } finally {
    keeper.stdin.end();
    for (const server of servers) server.close();
    await rm(shared, { force: true });
    for (const directory of [planted, temporary]) await rm(directory, { recursive: true });
  }
}

export const secretCases: readonly Case[] = [
  {
    name: "shows a workload that searches everything none of the secrets that the same search finds outside",
    async run(bench) {
      const { outside, inside } = await search(bench);
      assert.deepEqual(inside, []);
      assert.deepEqual(outside, [...PLACES]);
    },
  },
];
