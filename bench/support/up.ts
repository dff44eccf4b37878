import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = join(ROOT, "apps/cli/src/main.ts");

/** Options of `corepool up` that put a market on ports that are free now. */
export async function freePortOptions(): Promise<string[]> {
  const options: string[] = [];
  const servers = [];
  for (const name of ["--port", "--chain-port", "--database-port", "--metrics-port"]) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    options.push(name, String(address !== null && typeof address === "object" ? address.port : 0));
    servers.push(server);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return options;
}

/** Runs a command and calls back for each JSON line it prints. Resolves with its exit code and what else it said. */
export function runJsonLines(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env: NodeJS.ProcessEnv },
  onLine: (line: Readonly<Record<string, unknown>>, stop: () => void) => void,
): Promise<{ readonly code: number; readonly stderr: string }> {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("{")) onLine(JSON.parse(line) as Readonly<Record<string, unknown>>, () => child.kill("SIGINT"));
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, stderr }));
  });
}

export interface BenchMarket {
  readonly home: string;
  readonly url: string;
  readonly rpcUrl: string;
}

/** Starts a market of its own, does the work, and deletes everything again. */
export async function withMarket(
  env: Readonly<Record<string, string>>,
  work: (market: BenchMarket) => Promise<void>,
): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "corepool-bench-"));
  const all = { ...process.env, COREPOOL_HOME: home, ...env };
  let failure: Error | undefined;
  let ready = false;
  try {
    const { code, stderr } = await runJsonLines(
      process.execPath,
      [MAIN, "up", "--json", ...(await freePortOptions())],
      { env: all },
      (line, stop) => {
        if (line.type !== "ready") return;
        ready = true;
        work({ home, url: String(line.url), rpcUrl: String(line.rpcUrl) })
          .catch((error: unknown) => {
            failure = error instanceof Error ? error : new Error(String(error));
          })
          .finally(stop);
      },
    );
    if (failure !== undefined) throw failure;
    if (!ready) throw new Error(`the market did not start (exit code ${code}): ${stderr}`);
  } finally {
    await runJsonLines(process.execPath, [MAIN, "reset", "--yes", "--json"], { env: all }, () => undefined);
    await rm(home, { recursive: true, force: true });
  }
}

/** The value below which the share `p` of the sorted values lies. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * p) - 1)] ?? Number.NaN;
}
