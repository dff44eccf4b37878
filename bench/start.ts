import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { freePortOptions, ROOT, runJsonLines } from "./support/up.ts";

type Print = (name: string, value: string, unit: string) => void;

/** The files of this clone, without anything that was installed or built. */
async function copySources(target: string): Promise<void> {
  const { stdout } = await promisify(execFile)("git", ["ls-files", "-z"], { cwd: ROOT, maxBuffer: 2 ** 26 });
  for (const path of stdout.split("\0").filter((p) => p !== "")) {
    await mkdir(join(target, dirname(path)), { recursive: true });
    await cp(join(ROOT, path), join(target, path)).catch((error: NodeJS.ErrnoException) => {
      // Deleted here and not committed yet.
      if (error.code !== "ENOENT") throw error;
    });
  }
}

/** Seconds from `npm start` to the result of examples/digits, by the Node that the host has. */
async function secondsToResult(clone: string, env: NodeJS.ProcessEnv): Promise<number> {
  const started = performance.now();
  let seconds: number | undefined;
  const { code, stderr } = await runJsonLines(
    "npm",
    ["start", "--", "--json", "--once", ...(await freePortOptions())],
    { cwd: clone, env },
    (line) => {
      if (line.type === "result") seconds = (performance.now() - started) / 1000;
    },
  );
  if (code !== 0 || seconds === undefined) throw new Error(`npm start ended with code ${code}: ${stderr}`);
  return seconds;
}

/**
 * `start.cold`: `npm start` in a fresh copy of the sources, with an empty npm cache and no data folder, to the result of
 * the example job; the system's own packages (bubblewrap, python3, scikit-learn) are there already. `start.warm`: the
 * same again, with packages, chain and database in place.
 */
export async function run(print: Print): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), "corepool-bench-start-"));
  const clone = join(place, "clone");
  const home = join(place, "home");
  const path = (process.env.PATH ?? "")
    .split(":")
    .filter((p) => !p.includes("node_modules"))
    .join(":");
  const env: NodeJS.ProcessEnv = {
    PATH: path,
    HOME: process.env.HOME,
    COREPOOL_HOME: home,
    npm_config_cache: join(place, "npm-cache"),
  };
  // How to reach a registry is the machine's own setting.
  for (const [name, value] of Object.entries(process.env)) {
    if (
      /^(https?_proxy|no_proxy|npm_config_(registry|userconfig|https?_proxy|cafile)|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/i.test(
        name,
      )
    )
      env[name] = value;
  }
  try {
    await copySources(clone);
    print("start.cold", (await secondsToResult(clone, env)).toFixed(1), "s");
    print("start.warm", (await secondsToResult(clone, env)).toFixed(1), "s");
  } finally {
    await runJsonLines(
      process.execPath,
      [join(ROOT, "apps/cli/src/main.ts"), "reset", "--yes", "--json"],
      { env: { ...process.env, COREPOOL_HOME: home } },
      () => undefined,
    );
    await rm(place, { recursive: true, force: true });
  }
}
