import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { copyRuntime, pruneCopies } from "./runtime-copy.ts";
import { type PreparedHost, prepareHost, startAgent } from "./supervise.ts";
import { ensureUser } from "./user.ts";

const REPOSITORY = join(import.meta.dirname, "../../../..");
const root = process.getuid?.() === 0;

function openDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "corepool-supervisor-"));
  chmodSync(directory, 0o755);
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function agent(host: PreparedHost, arg: string): Promise<unknown> {
  const child = await startAgent(host, {
    repository: REPOSITORY,
    workspace: "packages/runtime",
    entry: "src/conformance/hold.ts",
    args: [arg],
    env: {},
    stdio: "pipe",
  });
  const [out, err] = await Promise.all([
    text(child.stdout ?? expect.unreachable()),
    text(child.stderr ?? expect.unreachable()),
    once(child, "exit"),
  ]);
  return out === "" ? err : JSON.parse(out);
}

const mounted = (path: string): boolean => readFileSync("/proc/self/mounts", "utf8").includes(path);

describe.runIf(root)("the root supervisor", () => {
  test("leaves a living sandbox its workspace and cgroup, and the next agent takes it over", async () => {
    const base = openDirectory();
    const options = { state: join(base, "state"), base, slots: 2, slotBytes: 2 ** 25 };
    const first = await prepareHost(options);
    onTestFinished(() => first.release());
    const cgroup =
      first.preparation.cgroup?.version === "v1"
        ? first.preparation.cgroup.memory
        : (first.preparation.cgroup?.directory ?? "");
    expect(await agent(first, "start")).toMatchObject({
      ids: ["held"],
      isolation: {
        runtime: "bubblewrap",
        user: "dedicated",
        limits: expect.stringMatching(/^cgroup-v[12]$/),
        workspace: "ext4-loop",
        seccomp: true,
        network: "none",
      },
      capabilities: {
        slots: [
          { slot: "slot-0", diskBytes: 2 ** 25 },
          { slot: "slot-1", diskBytes: 2 ** 25 },
        ],
      },
    });
    await first.release();
    const [slot, other] = ["slot-0", "slot-1"].map((name) =>
      join(base, readdirSync(base).find((entry) => entry.length === 12) ?? "", "workspaces", name),
    );
    expect([mounted(slot ?? ""), mounted(other ?? ""), existsSync(join(cgroup, "held"))]).toEqual([true, false, true]);
    const second = await prepareHost(options);
    expect(second.preparation).toEqual(first.preparation);
    expect(await agent(second, "finish")).toEqual({
      mac: 32,
      reason: "stopped",
      outputs: [{ path: "file", bytes: 5 }],
      ids: [],
    });
    await second.release();
    expect([mounted(base), existsSync(cgroup)]).toEqual([false, false]);
  }, 120_000);

  test("keeps what a workload left when the workspace is mounted again, and makes another size anew", async () => {
    const base = openDirectory();
    const options = { state: join(base, "state"), base, slots: 1, slotBytes: 2 ** 24 };
    const first = await prepareHost(options);
    onTestFinished(() => first.release());
    const directory = first.preparation.slots[0]?.directory ?? "";
    expect(readdirSync(directory)).toEqual([]);
    expect([statSync(directory).uid, statSync(directory).mode & 0o777]).toEqual([first.user.uid, 0o700]);
    writeFileSync(join(directory, "left"), "x");
    await first.release();
    const again = await prepareHost(options);
    expect(readdirSync(directory)).toEqual(["left"]);
    await again.release();
    const larger = await prepareHost({ ...options, slotBytes: 2 ** 25 });
    expect([larger.preparation.slots[0]?.diskBytes, readdirSync(directory)]).toEqual([2 ** 25, []]);
    await larger.release();
  });

  test("drops every privilege for good, and keeps its environment and descriptors to itself", async () => {
    const base = openDirectory();
    process.env.COREPOOL_TEST_SECRET = "secret";
    onTestFinished(() => void delete process.env.COREPOOL_TEST_SECRET);
    const host = await prepareHost({ state: join(base, "state"), base, slots: 1, slotBytes: 2 ** 24 });
    onTestFinished(() => host.release());
    const repository = fakeRepository(
      base,
      "import { readFileSync, readdirSync } from 'node:fs'; console.log(JSON.stringify([readFileSync('/proc/self/status', 'utf8'), process.env, process.cwd()]));",
    );
    const child = await startAgent(host, {
      repository,
      workspace: "apps/program",
      entry: "src/main.ts",
      args: [],
      env: { ONLY: "this" },
      stdio: "pipe",
    });
    const [status, env, cwd] = JSON.parse(await text(child.stdout ?? expect.unreachable())) as [
      string,
      Record<string, string>,
      string,
    ];
    const { uid, gid } = host.user;
    expect(status).toContain(`Uid:\t${uid}\t${uid}\t${uid}\t${uid}\nGid:\t${gid}\t${gid}\t${gid}\t${gid}\n`);
    expect(status).toMatch(/Groups:\s*\n/);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
      expect(status).toContain(`${set}:\t0000000000000000`);
    expect(status).toContain("NoNewPrivs:\t1");
    expect([Object.keys(env).sort(), cwd]).toEqual([["COREPOOL_PREPARATION", "LANG", "ONLY", "PATH"], "/"]);
  }, 120_000);

  test("refuses a user with root's id", async () => {
    await expect(ensureUser("root")).rejects.toMatchObject({
      code: "setup-failed",
      message: expect.stringContaining("root's id"),
    });
  });
});

/** A workspace with a package of ours and one of npm's, readable by its owner only, below a closed directory. */
function fakeRepository(base: string, main: string): string {
  const repository = join(base, "closed/repository");
  const files = {
    "apps/program/package.json": {
      name: "@x/program",
      version: "1.0.0",
      type: "module",
      dependencies: { "@x/lib": "1", dep: "1" },
      optionalDependencies: { absent: "1" },
    },
    "apps/program/src/main.ts": main,
    "apps/program/src/main.test.ts": "throw 1",
    "packages/lib/package.json": { name: "@x/lib", version: "1.0.0", type: "module", exports: { "./*": "./src/*.ts" } },
    "packages/lib/src/word.ts": "export const word: string = 'lib';",
    "node_modules/dep/package.json": { name: "dep", version: "2.0.0", main: "index.js" },
    "node_modules/dep/index.js": "module.exports = require('nested') + ' dep';",
    "node_modules/dep/index.d.ts": "export {}",
    "node_modules/dep/node_modules/nested/package.json": { name: "nested", version: "3.0.0", main: "index.js" },
    "node_modules/dep/node_modules/nested/index.js": "module.exports = 'nested';",
    "node_modules/unused/package.json": { name: "unused", version: "1.0.0" },
  };
  for (const [path, content] of Object.entries(files)) {
    const full = join(repository, path);
    mkdirSync(join(full, ".."), { recursive: true, mode: 0o700 });
    writeFileSync(
      full,
      typeof content === "string"
        ? content
        : JSON.stringify({
            ...content,
            ...("name" in content && content.name === "dep" ? { dependencies: { nested: "3" } } : {}),
          }),
      { mode: 0o600 },
    );
  }
  mkdirSync(join(repository, "node_modules/@x"), { mode: 0o700 });
  symlinkSync("../../packages/lib", join(repository, "node_modules/@x/lib"));
  chmodSync(join(base, "closed"), 0o700);
  return repository;
}

describe("the copy of the program", () => {
  const MAIN = "import { word } from '@x/lib/word'; import dep from 'dep'; console.log(word, dep);";

  test("runs under another user from a closed home, and holds only what the program needs", async () => {
    const base = openDirectory();
    const repository = fakeRepository(base, MAIN);
    const { directory, node } = await copyRuntime(repository, "apps/program", base);
    const program = [node, join(directory, "apps/program/src/main.ts")];
    const [command = "", ...args] = root
      ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...program]
      : program;
    expect(execFileSync(command, args, { encoding: "utf8", cwd: "/" })).toBe("lib nested dep\n");
    expect(
      existsSync(join(directory, "apps/program/src/main.test.ts")) ||
        existsSync(join(directory, "node_modules/dep/index.d.ts")) ||
        existsSync(join(directory, "node_modules/unused")),
    ).toBe(false);
  });

  test("is made once for one content and again for another; old ones are removed unless they run or are fresh", async () => {
    const base = openDirectory();
    const repository = fakeRepository(base, MAIN);
    const copies = join(base, "copies");
    mkdirSync(copies);
    const first = await copyRuntime(repository, "apps/program", copies);
    expect(await copyRuntime(repository, "apps/program", copies)).toEqual(first);
    writeFileSync(join(repository, "packages/lib/src/word.ts"), "export const word: string = 'changed';");
    const second = await copyRuntime(repository, "apps/program", copies);
    expect(second.directory).not.toBe(first.directory);
    await pruneCopies(copies, second);
    expect(readdirSync(copies)).toHaveLength(2);
    execFileSync("touch", ["-d", "1 day ago", first.directory]);
    await pruneCopies(copies, second);
    expect(readdirSync(copies)).toEqual([second.directory.slice(copies.length + 1)]);
  });

  test("names what is not installed", async () => {
    const repository = fakeRepository(openDirectory(), MAIN);
    rmSync(join(repository, "node_modules/dep"), { recursive: true });
    await expect(copyRuntime(repository, "apps/program", openDirectory())).rejects.toMatchObject({
      code: "setup-failed",
      message: "@x/program needs dep, which is not installed.",
    });
  });
});
