import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@corepool/core/errors";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { removePostgres, startPostgres } from "./cluster.ts";
import { endServer } from "./supervisor.ts";

const folders: string[] = [];
const folder = async (): Promise<string> => {
  const made = await mkdtemp(join(tmpdir(), "corepool-pg-"));
  folders.push(made);
  return join(made, "database");
};

afterEach(async () => {
  for (const made of folders.splice(0)) {
    await removePostgres(join(made, "database"));
    await rm(made, { recursive: true, force: true });
  }
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Starts a server from a process of its own, which is then killed; resolves with the orphan's particulars. */
async function startAndKillSupervisor(dir: string): Promise<{ url: string; pid: number }> {
  const script = `import { startPostgres } from ${JSON.stringify(join(import.meta.dirname, "cluster.ts"))};
    const { url, pid } = await startPostgres({ dir: ${JSON.stringify(dir)} });
    console.log(JSON.stringify({ url, pid })); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  child.kill("SIGKILL");
  await once(child, "exit");
  return JSON.parse(line.toString()) as { url: string; pid: number };
}

describe("the embedded PostgreSQL", () => {
  it("keeps its data over a restart, refuses a second opener, and asks for the password", async () => {
    const dir = await folder();
    const first = await startPostgres({ dir, durable: false });
    await query(first.url, "create table kept as select 7 as n");
    expect(codeOf(await startPostgres({ dir }).catch((e: unknown) => e))).toBe("already-running");
    expect(await query(first.url, "select n from kept")).toEqual([{ n: 7 }]);
    await first.stop();
    const second = await startPostgres({ dir, durable: false });
    expect(await query(second.url, "select n from kept")).toEqual([{ n: 7 }]);
    await expect(query(second.url.replace(/:[^:@/]+@/, ":wrong@"), "select 1")).rejects.toThrow(/password/);
    expect((await stat(join(dir, "password"))).mode & 0o077).toBe(0);
    await second.stop();
  }, 60_000);

  it("takes over from a supervisor that was killed, and recovers what was committed", async () => {
    const dir = await folder();
    const orphan = await startAndKillSupervisor(dir);
    await query(orphan.url, "create table kept as select 7 as n");
    const next = await startPostgres({ dir });
    expect(next.pid).not.toBe(orphan.pid);
    expect(await query(next.url, "select n from kept")).toEqual([{ n: 7 }]);

    const died = next.died;
    await endServerHard(next.pid);
    expect(await died).toContain("ended by itself");
    await next.stop();
    const again = await startPostgres({ dir });
    expect(await query(again.url, "select n from kept")).toEqual([{ n: 7 }]);
    await again.stop();
  }, 60_000);

  it("works below a folder that only its owner may enter", async () => {
    const dir = await folder();
    await chmod(join(dir, ".."), 0o700);
    const server = await startPostgres({ dir, durable: false });
    expect(await query(server.url, "select current_database() as name")).toEqual([{ name: "corepool" }]);
    await server.stop();
  }, 60_000);

  it("says which port is taken, and gives the folder free again", async () => {
    const dir = await folder();
    const squatter = createServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const { port } = squatter.address() as { port: number };
    const refused: unknown = await startPostgres({ dir, port }).catch((e: unknown) => e);
    expect(codeOf(refused)).toBe("port-in-use");
    expect((refused as Error).message).toContain(String(port));
    squatter.close();
    const server = await startPostgres({ dir, port, durable: false });
    expect(server.port).toBe(port);
    expect(await readFile(join(dir, "postgres.log"), "utf8")).toContain("ready to accept connections");
    await server.stop();
  }, 60_000);
});

async function endServerHard(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await endServer(pid, 1_000);
}
