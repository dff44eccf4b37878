import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conformanceCases } from "./conformance.ts";
import { copyRuntime } from "./supervisor/runtime-copy.ts";
import { type PreparedHost, prepareHost, startAgent } from "./supervisor/supervise.ts";
import { ensureUser } from "./supervisor/user.ts";

const REPOSITORY = join(import.meta.dirname, "../../..");
const PROGRAM = { workspace: "packages/runtime", entry: "src/conformance/main.ts" };
const root = process.getuid?.() === 0;
const MIB = 2 ** 20;

/** Every case's error, or null, by its name. */
async function outcomes(child: ChildProcess): Promise<ReadonlyMap<string, string | null>> {
  const [out, err] = await Promise.all([
    text(child.stdout ?? expect.unreachable()),
    text(child.stderr ?? expect.unreachable()),
  ]);
  const lines = out.split("\n").filter((line) => line !== "");
  const results = new Map(
    lines
      .map((line) => JSON.parse(line) as { name: string; error: string | null })
      .map(({ name, error }) => [name, error]),
  );
  for (const { name } of conformanceCases)
    if (!results.has(name)) results.set(name, `it never ran: ${err.slice(-2000)}`);
  return results;
}

/** A directory that ordinary users can pass through, as /var/lib is. */
function openDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "corepool-runtime-"));
  chmodSync(directory, 0o755);
  return directory;
}

describe.runIf(root)("bubblewrap on a host that the supervisor prepared", () => {
  const base = openDirectory();
  let host: PreparedHost;
  let results: ReadonlyMap<string, string | null>;
  beforeAll(async () => {
    host = await prepareHost({ state: join(base, "state"), base, slots: 2, slotBytes: 96 * MIB });
    results = await outcomes(
      await startAgent(host, { repository: REPOSITORY, ...PROGRAM, args: [], env: {}, stdio: "pipe" }),
    );
  }, 240_000);
  afterAll(async () => {
    await host.release();
    rmSync(base, { recursive: true });
  });

  test("gives full isolation, and hides nothing that is missing", () => {
    expect(host.preparation).toMatchObject({
      user: "dedicated",
      cgroup: { version: expect.stringMatching(/^v[12]$/) },
      missing: [],
    });
    expect(host.preparation.slots.map(({ diskBytes }) => diskBytes)).toEqual([96 * MIB, 96 * MIB]);
  });

  test.each(conformanceCases.map(({ name }) => name))("%s", (name) => expect(results.get(name)).toBeNull());

  test("leaves no mount and no cgroup once no sandbox lives", async () => {
    await host.release();
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(base);
    const cgroup = host.preparation.cgroup;
    expect(existsSync(cgroup?.version === "v1" ? cgroup.memory : (cgroup?.directory ?? ""))).toBe(false);
  });
});

describe("bubblewrap under an ordinary user without delegation", () => {
  const base = openDirectory();
  let results: ReadonlyMap<string, string | null>;
  beforeAll(async () => {
    const state = join(base, "state");
    mkdirSync(state);
    let command = process.execPath;
    let args = [join(import.meta.dirname, "conformance/main.ts")];
    if (root) {
      const { uid, gid } = await ensureUser("corepool-test");
      chownSync(state, uid, gid);
      const copy = await copyRuntime(REPOSITORY, PROGRAM.workspace, base);
      args = [
        `--reuid=${uid}`,
        `--regid=${gid}`,
        "--clear-groups",
        copy.node,
        join(copy.directory, PROGRAM.workspace, PROGRAM.entry),
      ];
      command = "/usr/bin/setpriv";
    }
    results = await outcomes(
      spawn(command, args, {
        cwd: "/",
        env: { PATH: "/usr/bin:/bin", COREPOOL_STATE: state },
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
  }, 240_000);
  afterAll(() => rmSync(base, { recursive: true }));

  test.each(conformanceCases.map(({ name }) => name))("%s", (name) => expect(results.get(name)).toBeNull());
});
