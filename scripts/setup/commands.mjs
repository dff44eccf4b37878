import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Runs a command quietly. Resolves with its exit code and everything it said. */
export function quietly(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const keep = (chunk) => {
      said = (said + chunk).slice(-20_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => resolve({ code: 127, said: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, said }));
  });
}

/** The last line that says something. */
export function lastLine(said) {
  return (
    said
      .trim()
      .split("\n")
      .filter((line) => line.trim() !== "")
      .at(-1)
      ?.trim() ?? "it said nothing"
  );
}

/**
 * Hands over to a command: same terminal, same exit code. Ctrl-C reaches it by itself; what is sent to this process
 * alone is passed on.
 * @param {{ readonly label?: string, readonly said?: (line: string) => void }
 *   & import("node:child_process").SpawnOptions} [options] label: before every line that the command says, for one that
 *   runs beside others; said: also told each of those lines
 */
export function handOver(command, args, { label, said, ...options } = {}) {
  return new Promise((resolve) => {
    const stdio = label === undefined ? "inherit" : ["ignore", "pipe", "pipe"];
    const child = spawn(command, args, { ...options, stdio });
    const ignore = () => {};
    const pass = (signal) => child.kill(signal);
    process.on("SIGINT", ignore);
    process.on("SIGTERM", pass);
    process.on("SIGHUP", pass);
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ])
      if (from !== null)
        createInterface({ input: from }).on("line", (line) => {
          if (line === "") return;
          to.write(`${label} ${line}\n`);
          said?.(line);
        });
    const done = (code) => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", pass);
      process.off("SIGHUP", pass);
      resolve(code);
    };
    child.on("error", (error) => {
      console.error(`✗ ${command} could not be started: ${error.message}`);
      done(127);
    });
    child.on(label === undefined ? "exit" : "close", (code, signal) =>
      done(signal === null ? (code ?? 1) : signal === "SIGINT" ? 130 : 143),
    );
  });
}
