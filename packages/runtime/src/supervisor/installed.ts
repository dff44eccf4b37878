import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Installed, SandboxProgram } from "../policy/known-holes.ts";

const run = promisify(execFile);

/** How each program is asked, and the Debian package that brings it. */
const PROGRAMS: Readonly<Record<SandboxProgram, { readonly command: readonly string[]; readonly package: string }>> = {
  bubblewrap: { command: ["/usr/bin/bwrap", "--version"], package: "bubblewrap" },
  runc: { command: ["/usr/sbin/runc", "--version"], package: "runc" },
  "nvidia-container-toolkit": {
    command: ["/usr/bin/nvidia-ctk", "--version"],
    package: "nvidia-container-toolkit",
  },
};

/** A program's first output line, or undefined when it is not there or fails. */
async function firstLine(command: readonly string[]): Promise<string | undefined> {
  const [program = "", ...words] = command;
  return run(program, words, { timeout: 10_000 }).then(
    ({ stdout }) => stdout.split("\n")[0]?.trim(),
    () => undefined,
  );
}

/** The release of the distribution as `debian-12`; undefined where /etc/os-release does not say. */
async function release(): Promise<string | undefined> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const value = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(text)?.[1];
  const [id, version] = [value("ID"), value("VERSION_ID")];
  return id === undefined || version === undefined ? undefined : `${id}-${version}`;
}

/** What of the programs that stand between workloads and this host is installed, with versions. */
export async function installedPrograms(): Promise<Installed[]> {
  const distribution = await release();
  const found = await Promise.all(
    Object.entries(PROGRAMS).map(async ([program, { command, package: name }]): Promise<Installed | undefined> => {
      const said = await firstLine(command);
      if (said === undefined) return undefined;
      const version = /\d+\.\d+(?:\.\d+)?(?:[-~]?rc\.?\d+)?/.exec(said)?.[0] ?? "";
      const packaged = (await firstLine(["/usr/bin/dpkg-query", "-W", name]))?.split("\t")[1];
      const known = program as SandboxProgram;
      return distribution === undefined || packaged === undefined || packaged === ""
        ? { program: known, version }
        : { program: known, version, packaged: { release: distribution, version: packaged } };
    }),
  );
  return found.filter((one) => one !== undefined);
}
