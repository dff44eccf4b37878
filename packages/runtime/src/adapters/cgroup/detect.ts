import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** A mounted cgroup hierarchy: where, and for v1 which controllers. */
export interface CgroupMounts {
  /** The unified tree, with the controllers that are available at its root. */
  readonly unified: { readonly directory: string; readonly controllers: readonly string[] } | null;
  /** v1 mount point of each controller. */
  readonly v1: ReadonlyMap<string, string>;
}

/** Reads the text of /proc/self/mounts. Octal escapes in paths are undone. */
export function parseCgroupMounts(mounts: string): {
  readonly unified: string | null;
  readonly v1: ReadonlyMap<string, string>;
} {
  const v1 = new Map<string, string>();
  let unified: string | null = null;
  for (const line of mounts.split("\n")) {
    const [, directory = "", type, options = ""] = line.split(" ");
    const path = directory.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    if (type === "cgroup2") unified ??= path;
    if (type === "cgroup")
      for (const option of options.split(",")) if (["memory", "pids", "cpu"].includes(option)) v1.set(option, path);
  }
  return { unified, v1 };
}

/** This process's cgroup in each hierarchy, from the text of /proc/self/cgroup; the unified one under "". */
export function parseOwnCgroups(text: string): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match) for (const controller of (match[1] ?? "").split(",")) own.set(controller, match[2] ?? "/");
  }
  return own;
}

/** The hierarchies of this host. @param root prefix of every path, for tests */
export async function findCgroupMounts(root = ""): Promise<CgroupMounts> {
  const { unified, v1 } = parseCgroupMounts(await readFile(`${root}/proc/self/mounts`, "utf8").catch(() => ""));
  if (unified === null) return { unified: null, v1 };
  const controllers = await readFile(join(root, unified, "cgroup.controllers"), "utf8").catch(() => "");
  return {
    unified: {
      directory: unified,
      controllers: controllers
        .trim()
        .split(/\s+/)
        .filter((name) => name !== ""),
    },
    v1,
  };
}

const NEEDED = ["memory", "pids", "cpu"];

/**
 * Which version can limit memory, processes and CPU here: v2 when the unified tree has the controllers, else v1 when
 * they are mounted there (also on hybrid hosts, whose unified tree has none), else null.
 */
export function usableVersion(mounts: CgroupMounts): "v1" | "v2" | null {
  if (mounts.unified !== null && NEEDED.every((name) => mounts.unified?.controllers.includes(name))) return "v2";
  return NEEDED.every((name) => mounts.v1.has(name)) ? "v1" : null;
}
